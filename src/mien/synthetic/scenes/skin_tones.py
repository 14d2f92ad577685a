"""Skin colours over the whole human range, as linear albedos."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

LEVELS = np.log([0.025, 0.06, 0.13, 0.24, 0.36, 0.55])
RED_OVER_GREEN = (1.45, 1.72, 1.74, 1.66, 1.54, 1.38)
GREEN_OVER_BLUE = (1.24, 1.48, 1.52, 1.48, 1.40, 1.28)
"""Chosen by eye so that no skin looks painted: browns are the most colourful, the ends are greyer."""
DARK_RANGE, LIGHT_RANGE = (0.030, 0.15), (0.15, 0.50)
LUMINANCE = np.array([0.3, 0.6, 0.1])


def random_tone(dark: bool, rng: np.random.Generator) -> Float[np.ndarray, " 3"]:
    """A mean albedo whose lightness suits a dark or a light skin picture."""
    low, high = DARK_RANGE if dark else LIGHT_RANGE
    share = rng.random() ** (1.0 if dark else 0.7)
    level = float(np.exp(np.log(low) + share * (np.log(high) - np.log(low))))
    return tone_of(level) * np.exp(rng.normal(0, [0.05, 0.015, 0.06]))


def tone_of(level: float) -> Float[np.ndarray, " 3"]:
    """The usual skin colour of a lightness (luminance of its linear albedo)."""
    red = float(np.interp(np.log(level), LEVELS, RED_OVER_GREEN))
    blue = 1 / float(np.interp(np.log(level), LEVELS, GREEN_OVER_BLUE))
    color = np.array([red, 1.0, blue])
    return color * level / (color @ LUMINANCE)


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
