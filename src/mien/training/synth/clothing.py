"""Colours and necklines of clothes."""

from __future__ import annotations

import numpy as np

from mien.training.synth.renderer import Colour, Renderer, Settings
from mien.training.synth.wardrobe import Garment


def as_colour(values: np.ndarray) -> Colour:
    """An array of three numbers as plain floats."""
    red, green, blue = (float(v) for v in values)
    return red, green, blue


def random_cloth_colours(rng: np.random.Generator) -> tuple[Colour, Colour]:
    """A cloth's colour and that of its stripes."""
    base = rng.random(3) ** 2 * rng.uniform(0.1, 0.9)
    grey = base.mean()
    base = grey + (base - grey) * rng.uniform(0, 1)
    other = np.clip(base * rng.uniform(0.3, 2.0), 0, 1)
    return as_colour(base), as_colour(other)


def random_stripes(rng: np.random.Generator) -> Settings:
    """The cloth material's settings: stripes a metre (0 for plain cloth) and their direction."""
    striped = rng.random() < 0.25
    return (float(rng.uniform(20, 120)) if striped else 0.0, float(rng.random()), 0.0, 0.0)


def add_necklines(renderer: Renderer, body: Garment, *, neck_y_m: float) -> list[str]:
    """Register clothes: the shoulders below a neckline. Returns the keys of three of them.

    Args:
        neck_y_m: height of the head's lower border.
    """
    keys = []
    x, y = body.rest_m[:, 0], body.rest_m[:, 1]
    lines = (neck_y_m + 0.03 + 0 * x, neck_y_m - 0.035 + 0.25 * np.abs(x), neck_y_m - 0.10 + 0.7 * np.abs(x))
    for i, line in enumerate(lines):
        clothed = (y < line)[body.triangles].any(axis=1)
        key = f"clothes{i}"
        extra = np.stack([np.ones_like(y), line - y], axis=1)
        renderer.add_mesh(key, triangles=body.triangles[clothed], uv=body.uv, extra=extra)
        keys.append(key)
    return keys
