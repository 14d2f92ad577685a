"""Rays, samples along them, and the pictures that they add up to."""
