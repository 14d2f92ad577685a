"""The part of a picture that is a picture: without the plain bars that were put around it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

_NOISE = 6.0
"""Grey levels by which the pixels of a bar may differ: compression rings at its edge."""
_LEAST_SHARE = 0.02
"""Share of the whole that must remain: of a plain picture nothing is taken away."""


@dataclass(frozen=True)
class Content:
    """What of a picture is one.

    Attributes:
        left_px, top_px: its first column and row.
        width_px, height_px: its size.
    """

    left_px: int
    top_px: int
    width_px: int
    height_px: int

    @property
    def middle_px(self) -> tuple[float, float]:
        """Its middle, in pixels of the whole picture."""
        return self.left_px + (self.width_px - 1) / 2, self.top_px + (self.height_px - 1) / 2

    @property
    def diagonal_px(self) -> float:
        """Its diagonal."""
        return math.hypot(self.width_px, self.height_px)


def content_of(image: UInt8[np.ndarray, "height width 3"]) -> Content:
    """What is left without bars of one colour at the edges, as of a letterbox.

    Args:
        image: (H, W, 3) RGB.
    """
    height, width = image.shape[:2]
    rows = _plain_lines(image)
    columns = _plain_lines(image.transpose(1, 0, 2))
    top, bottom = _leading(rows, image[0]), _leading(rows[::-1], image[-1])
    left, right = _leading(columns, image[:, 0]), _leading(columns[::-1], image[:, -1])
    inner_width, inner_height = width - left - right, height - top - bottom
    if inner_width <= 0 or inner_height <= 0 or inner_width * inner_height < _LEAST_SHARE * width * height:
        return Content(0, 0, width, height)
    return Content(left, top, inner_width, inner_height)


def _plain_lines(image: np.ndarray) -> np.ndarray:
    """(H, 3) mean colour of every row, NaN where its pixels differ."""
    means = image.mean(axis=1, dtype=np.float32)
    spread = image.max(axis=1).astype(np.float32) - image.min(axis=1)
    return np.where(spread.max(axis=1, keepdims=True) <= 2 * _NOISE, means, np.nan)


def _leading(lines: np.ndarray, first: np.ndarray) -> int:
    """How many lines from the first on are plain and of the first one's colour."""
    alike = np.abs(lines - first.mean(axis=0)).max(axis=1) <= _NOISE
    return len(alike) if alike.all() else int(np.argmin(alike))
