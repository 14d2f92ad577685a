"""A picture at falling sizes, so that a search for faces of a few sizes finds faces of every size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, UInt8

from mien.landmarks.region import Region

STRIDE_PX = 8
"""Distance between two cells of the search network; every level's height and width are multiples of it."""

_NEARLY = 0.7
"""Shares from which the next pixels are enough to shrink a picture without aliasing that matters."""


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


@dataclass(frozen=True, eq=False)
class Level:
    """One size of a picture, which is made when it is looked at.

    Attributes:
        larger: (H, W, 3) what it is shrunk from.
        size: its width and height without the margin.
        scale: (2,) the same over the picture's.
        margin_px: width of the left and top margins.
    """

    larger: UInt8[np.ndarray, "rows columns 3"]
    size: tuple[int, int]
    scale: Float[np.ndarray, " 2"]
    margin_px: int

    @property
    def cells(self) -> tuple[int, int]:
        """Rows and columns of the search network's cells."""
        width, height = (-(-(length + 2 * self.margin_px) // STRIDE_PX) for length in self.size)
        return height, width

    @cached_property
    def shrunk(self) -> UInt8[np.ndarray, "rows columns 3"]:
        """The picture at this size."""
        return shrunk(self.larger, self.size)

    @cached_property
    def image(self) -> UInt8[np.ndarray, "height width 3"]:
        """(h, w, 3) the same with its margin; h and w are multiples of `STRIDE_PX`."""
        import cv2

        margin = self.margin_px
        width, height = self.size
        padded = cv2.copyMakeBorder(
            self.shrunk, margin, margin + -height % STRIDE_PX, margin, margin + -width % STRIDE_PX,
            cv2.BORDER_CONSTANT, value=(0, 0, 0),
        )  # fmt: skip
        return np.asarray(padded, np.uint8)

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


def levels(image: UInt8[np.ndarray, "height width 3"], config: PyramidConfig) -> list[Level]:
    """The picture's levels, finest first. The second is shrunk from the picture too, as the finest is not
    always looked at; each other one from the one before."""
    height_px, width_px = image.shape[:2]
    found: list[Level] = []
    for scale in scales(width_px, height_px, config):
        size = max(1, round(width_px * scale)), max(1, round(height_px * scale))
        actual = np.array([size[0] / width_px, size[1] / height_px])
        larger = image if len(found) < 2 else found[-1].shrunk
        found.append(Level(larger, size, actual, config.margin_px))
    return found


def shrunk(image: UInt8[np.ndarray, "height width 3"], size: tuple[int, int]) -> np.ndarray:
    """A picture at a smaller width and height. Halves of even sides are means of 2 × 2 pixels; they take a
    tenth of the time of other means, and what is then left to shrink is little."""
    import cv2

    while 2 * size[0] <= image.shape[1] and 2 * size[1] <= image.shape[0]:
        half = image.shape[1] // 2, image.shape[0] // 2
        image = cv2.resize(image, half, interpolation=cv2.INTER_AREA)
    nearly = size[0] > _NEARLY * image.shape[1]
    return cv2.resize(image, size, interpolation=cv2.INTER_LINEAR if nearly else cv2.INTER_AREA)
