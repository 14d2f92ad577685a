"""Controllable head avatars from one video: a canonical radiance field, moved by local deformation fields."""
