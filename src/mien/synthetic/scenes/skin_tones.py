"""Skin colours of the synthetic people, and how the shader gets them from pictures of skin."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from mien.looks.skin_tones import TONE_LUMINANCE as LUMINANCE
from mien.looks.skin_tones import tone_of

DARK_RANGE, LIGHT_RANGE = (0.030, 0.15), (0.15, 0.42)


def random_tone(dark: bool, rng: np.random.Generator) -> Float[np.ndarray, " 3"]:
    """A mean albedo whose lightness suits a dark or a light skin picture."""
    low, high = DARK_RANGE if dark else LIGHT_RANGE
    share = rng.random() ** (1.0 if dark else 0.7)
    level = float(np.exp(np.log(low) + share * (np.log(high) - np.log(low))))
    # Redder than the curve, which has no blood in it: cameras see faces so.
    return tone_of(level) * np.exp(rng.normal([0.06, -0.02, 0.02], [0.05, 0.015, 0.06]))


def linear(color: np.ndarray) -> np.ndarray:
    """Linear light of a picture's colours in [0, 1], as the shader takes it."""
    return color * color * (0.6 + 0.4 * color)


def mean_tone(picture: np.ndarray, uv: Float[np.ndarray, "points 2"]) -> Float[np.ndarray, " 3"]:
    """Mean linear albedo of a skin picture (H, W, 3) at texture coordinates (v up)."""
    height, width = picture.shape[:2]
    column = np.clip(uv[:, 0] * width, 0, width - 1).astype(int)
    row = np.clip((1 - uv[:, 1]) * height, 0, height - 1).astype(int)
    return linear(picture[row, column] / 255).mean(axis=0)


def tint_for(
    tone: Float[np.ndarray, " 3"], mean: Float[np.ndarray, " 3"], saturation: float
) -> Float[np.ndarray, " 3"]:
    """What the shader multiplies a picture of a mean colour with, to get a tone.

    Args:
        saturation: how much of the picture's own colour is kept before.
    """
    grey = mean @ LUMINANCE
    return tone / (grey + saturation * (mean - grey))
