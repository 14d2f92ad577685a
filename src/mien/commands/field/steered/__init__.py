"""`mien field edit|interpolate|swap|transfer|reenact`: fields that landmarks and a texture steer."""
