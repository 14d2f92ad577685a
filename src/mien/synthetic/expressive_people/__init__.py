"""People who make the 20 basic expressions, photographed from all sides, with their texture maps."""
