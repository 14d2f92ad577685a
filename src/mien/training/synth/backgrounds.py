"""Procedural backgrounds: gradients, boxes, noise, stripes, text and foliage-like clutter, often blurred."""

from __future__ import annotations

import cv2
import numpy as np

LETTERS = "ABCDEFGHKLMNOPRSTUVWXZabcdefghk0123456789"


def cloud(rng: np.random.Generator, size: int, *, octaves: int = 5, roughness: float = 0.55) -> np.ndarray:
    """(size, size) fractal noise in [0, 1]."""
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        cells = 2 ** (octave + 1)
        grid = rng.random((cells + 1, cells + 1), dtype=np.float32)
        total += roughness**octave * cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC)
    low, high = total.min(), total.max()
    return (total - low) / (high - low + 1e-6)


def _palette(rng: np.random.Generator) -> np.ndarray:
    """(6, 3) colours of one place, rather dull, sometimes vivid."""
    base = rng.random(3)
    spread = rng.choice([0.08, 0.2, 0.5])
    colours = np.clip(base + rng.normal(0, spread, (6, 3)), 0, 1)
    grey = colours.mean(axis=1, keepdims=True)
    return grey + (colours - grey) * rng.uniform(0.0, 1.0) ** 1.7


def random_background(rng: np.random.Generator, size: int) -> np.ndarray:
    """(size, size, 3) uint8 RGB."""
    palette = _palette(rng).astype(np.float32)
    mix = cloud(rng, size, octaves=int(rng.integers(1, 7)), roughness=float(rng.uniform(0.4, 0.8)))[..., None]
    picture = palette[0] * mix + palette[1] * (1 - mix)
    if rng.random() < 0.15:
        picture[:] = palette[0]
    picture = (np.clip(picture, 0, 1) * 255).astype(np.uint8)
    palette = palette * 255
    for _ in range(int(rng.integers(0, 14))):
        colour = np.clip(palette[rng.integers(6)] * rng.uniform(0.5, 1.3), 0, 255).tolist()
        a, b = rng.integers(-size // 4, size * 5 // 4, 2), rng.integers(4, size, 2)
        kind = rng.integers(5)
        if kind == 0:
            line = -1 if rng.random() < 0.7 else int(rng.integers(1, 9))
            cv2.rectangle(picture, a.tolist(), (a + b).tolist(), colour, line)
        elif kind == 1:
            axes = (b // 3 + 1).tolist()
            cv2.ellipse(picture, a.tolist(), axes, float(rng.uniform(0, 180)), 0, 360, colour, -1)
        elif kind == 2:
            end = (a + rng.integers(-size, size, 2)).tolist()
            cv2.line(picture, a.tolist(), end, colour, int(rng.integers(1, 14)))
        elif kind == 3:
            text = "".join(rng.choice(list(LETTERS), size=int(rng.integers(2, 9))))
            scale = float(rng.uniform(0.4, 3.0))
            typeface, thickness = int(rng.integers(0, 8)), int(rng.integers(1, 6))
            cv2.putText(picture, text, a.tolist(), typeface, scale, colour, thickness)
        else:
            period, turn = rng.uniform(4, 60), rng.uniform(0, np.pi)
            y, x = np.mgrid[:size, :size].astype(np.float32)
            wave = np.sin((x * np.cos(turn) + y * np.sin(turn)) * 2 * np.pi / period) > rng.uniform(-0.5, 0.8)
            box = np.zeros((size, size), bool)
            box[max(a[1], 0) : max(a[1] + b[1], 0), max(a[0], 0) : max(a[0] + b[0], 0)] = True
            picture[wave & box] = colour
    if rng.random() < 0.35:
        for _ in range(int(rng.integers(20, 120))):
            centre = rng.integers(0, size, 2).tolist()
            shade = np.clip(palette[rng.integers(6)] * rng.uniform(0.4, 1.4), 0, 255).tolist()
            cv2.circle(picture, centre, int(rng.integers(1, max(2, size // 16))), shade, -1)
    light = cloud(rng, size, octaves=2)[..., None]
    lit = picture.astype(np.float32) * (0.6 + 0.8 * light)
    blur = float(rng.choice([0.0, 1.0, 2.5, 6.0], p=[0.25, 0.25, 0.3, 0.2]))
    if blur:
        lit = cv2.GaussianBlur(lit, (0, 0), blur)
    return np.clip(lit, 0, 255).astype(np.uint8)
