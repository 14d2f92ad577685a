"""sRGB and linear light, by tables."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float, UInt8

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
"""Of linear sRGB (ITU-R BT.709)."""

_STEPS = 4096


@lru_cache(maxsize=1)
def _linear_table() -> np.ndarray:
    value = np.arange(256) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


@lru_cache(maxsize=1)
def _srgb_table() -> np.ndarray:
    # over the square root of the light, where a table of equal steps is fine enough for the dark end too
    light = (np.arange(_STEPS) / (_STEPS - 1)) ** 2
    value = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(255 * value).astype(np.uint8)


def linear_from_srgb(picture: UInt8[np.ndarray, "*size"]) -> Float[np.ndarray, "*size"]:
    """Linear light in [0, 1], float32, of 8-bit sRGB values (IEC 61966-2-1)."""
    return _linear_table()[picture]


def srgb_from_linear(light: Float[np.ndarray, "*size"]) -> UInt8[np.ndarray, "*size"]:
    """8-bit sRGB values of linear light; what is outside [0, 1] is clipped."""
    root = np.sqrt(np.clip(light, 0, 1))
    return _srgb_table()[(root * (_STEPS - 1) + 0.5).astype(np.int32)]
