"""Cuts in a video: where the picture jumps."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8

_MIN_CONTRAST = 4.0
"""Grey levels (0–255) below which pictures are plain and differ by noise alone."""


class CutDetector:
    """Says of each picture whether it follows a cut.

    Args:
        min_change: change between two pictures over their own contrast, 0 (none) … 1 (nothing in common),
            that counts as a cut.
    """

    def __init__(self, min_change: float = 0.45) -> None:
        self.min_change = min_change
        self._thumbnail: np.ndarray | None = None

    def __call__(self, image: UInt8[np.ndarray, "height width 3"]) -> bool:
        """Whether the picture jumped since the last call; False the first time."""
        now = thumbnail(image)
        previous, self._thumbnail = self._thumbnail, now
        if previous is None:
            return False
        if previous.shape != now.shape:
            return True
        # A flash or a change of exposure is no cut: only the change of structure counts.
        one, other = now - now.mean(), previous - previous.mean()
        contrast = float(np.abs(one).mean() + np.abs(other).mean())
        return float(np.abs(one - other).mean()) > self.min_change * max(contrast, _MIN_CONTRAST)


def thumbnail(image: UInt8[np.ndarray, "height width 3"]) -> Float[np.ndarray, "rows columns"]:
    """Grey levels of about 24 rows of blocks; each the mean of 4 × 4 pixels, so that noise counts little."""
    step = max(1, min(image.shape[:2]) // 96)
    chosen = image[step // 2 :: step, step // 2 :: step]
    # From array to array: sums along short axes take numpy many times as long.
    grey = chosen[:, :, 0].astype(float)
    grey += chosen[:, :, 1]
    grey += chosen[:, :, 2]
    grey /= 3
    rows, columns = max(grey.shape[0] // 4, 1), max(grey.shape[1] // 4, 1)
    blocks = grey[: 4 * rows, : 4 * columns]
    if blocks.shape != (4 * rows, 4 * columns):
        return grey
    across = blocks[:, 0::4] + blocks[:, 1::4] + blocks[:, 2::4] + blocks[:, 3::4]
    return (across[0::4] + across[1::4] + across[2::4] + across[3::4]) / 16
