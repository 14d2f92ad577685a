"""What a head looks like: base colour, roughness and normals, from an albedo model or from photos."""
