"""3D faces from pictures."""
