"""Synthetic people drawn with exact labels: pictures, volumes, and things that are no heads."""
