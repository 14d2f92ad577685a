"""Rotations, alignment, normals, closest points."""
