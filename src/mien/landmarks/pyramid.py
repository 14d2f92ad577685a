"""A picture at falling sizes, so that a search for faces of a few sizes finds faces of every size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from mien.landmarks.region import Region

STRIDE_PX = 8
"""Distance between two cells of the search network; every level's height and width are multiples of it."""


@dataclass(frozen=True)
class PyramidConfig:
    """Which sizes of a picture are searched."""

    finest_scale: float = 0.75
    """Size of the finest level over the picture's."""
    factor: float = 0.6
    """Size of a level over the next finer one's."""
    max_pixels: int = 2_000_000
    """The finest level has at most about this many pixels: a larger picture is searched on a smaller copy."""
    shortest_side_px: int = 36
    """No level's shorter side is made smaller than this."""
    margin_px: int = 24
    """Black margin around each level, in which the centre of a cut-off face may lie; a multiple of 8."""


@dataclass(frozen=True)
class Level:
    """One size of a picture.

    Attributes:
        image: (h, w, 3) resized picture with its margin; h and w are multiples of `STRIDE_PX`.
        scale: (2,) its width and height, without the margin, over the picture's.
        margin_px: width of the left and top margins.
    """

    image: UInt8[np.ndarray, "height width 3"]
    scale: Float[np.ndarray, " 2"]
    margin_px: int

    def to_picture(self, region: Region) -> Region:
        """A region of this level as a region of the picture."""
        center_px = (region.center_px - self.margin_px + 0.5) / self.scale - 0.5
        return Region(center_px, region.side_px / float(np.sqrt(self.scale.prod())), region.roll_rad)


def scales(width_px: int, height_px: int, config: PyramidConfig) -> list[float]:
    """Sizes of the levels over the picture's, finest first; at least one."""
    scale = min(config.finest_scale, float(np.sqrt(config.max_pixels / (width_px * height_px))))
    shortest_px = min(width_px, height_px)
    chosen = [scale]
    while chosen[-1] * config.factor * shortest_px >= config.shortest_side_px:
        chosen.append(chosen[-1] * config.factor)
    return chosen


def levels(image: UInt8[np.ndarray, "height width 3"], config: PyramidConfig) -> Iterator[Level]:
    """The picture's levels, finest first, each shrunk from the one before with area averaging."""
    import cv2

    height_px, width_px = image.shape[:2]
    source = image
    for scale in scales(width_px, height_px, config):
        size = max(1, round(width_px * scale)), max(1, round(height_px * scale))
        source = cv2.resize(source, size, interpolation=cv2.INTER_AREA)
        margin = config.margin_px
        padded = cv2.copyMakeBorder(
            source, margin, margin + -size[1] % STRIDE_PX, margin, margin + -size[0] % STRIDE_PX,
            cv2.BORDER_CONSTANT, value=(0, 0, 0),
        )  # fmt: skip
        actual = np.array([size[0] / width_px, size[1] / height_px])
        yield Level(np.asarray(padded, np.uint8), actual, margin)
