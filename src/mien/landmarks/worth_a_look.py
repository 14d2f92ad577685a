"""Where in a picture its largest size is worth a look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, UInt8

from mien.landmarks.candidates import Candidate
from mien.landmarks.pyramid import STRIDE_PX, Level
from mien.landmarks.region import Region

HINT = 0.05
"""Probability of a face, at the next smaller size, from which a place is looked at: 88 small faces in
pictures had 0.085 and more there."""

SURE = 0.6
"""Probability from which a face has been found: within it there is none."""

_REACH_CELLS = 2
"""Cells beside a hint where a face's middle may lie."""

_CONTEXT_CELLS = 8
"""Cells beyond which nothing changes the network's answer: 59 pixels."""

_WHOLE_FROM = 0.7
"""Share of a level from which it is looked at as a whole."""


@dataclass(frozen=True)
class Window:
    """A part of a level, in cells of the search network.

    Attributes:
        top, left, bottom, right: what is shown.
        inner: the same for the part whose answers count.
    """

    top: int
    left: int
    bottom: int
    right: int
    inner: tuple[int, int, int, int]

    @staticmethod
    def whole(level: Level) -> Window:
        """All of a level."""
        rows, columns = level.cells
        return Window(0, 0, rows, columns, (0, 0, rows, columns))

    def cut(self, image: UInt8[np.ndarray, "height width 3"]) -> UInt8[np.ndarray, "rows columns 3"]:
        """What is shown of a level's picture."""
        rows = slice(self.top * STRIDE_PX, self.bottom * STRIDE_PX)
        return image[rows, self.left * STRIDE_PX : self.right * STRIDE_PX]

    @property
    def inside(self) -> tuple[slice, slice]:
        """The cells whose answers count, among the level's."""
        top, left, bottom, right = self.inner
        return slice(top, bottom), slice(left, right)

    @property
    def kept(self) -> tuple[slice, slice]:
        """The same among the window's own."""
        top, left, bottom, right = self.inner
        return slice(top - self.top, bottom - self.top), slice(left - self.left, right - self.left)

    def to_level(self, region: Region) -> Region:
        """A region of the window's picture in the level's."""
        return replace(region, center_px=region.center_px + STRIDE_PX * np.array([self.left, self.top]))


def windows_worth_a_look(
    level: Level,
    coarser: Level,
    logits: Float[np.ndarray, "rows columns"],
    found: Sequence[Candidate],
) -> list[Window]:
    """Parts of a level around places where the next smaller one hints at a face; all of it when these are
    many.

    Args:
        coarser, logits: the next smaller size and the network's scores on it.
        found: what has been found so far, in the picture.
    """
    import cv2

    hints = logits > np.log(HINT / (1 - HINT))
    rows, columns = np.nonzero(hints)
    places_px = _to_picture(coarser, np.column_stack([columns, rows]))
    unexplained = np.ones(len(places_px), bool)
    for candidate in found:
        if candidate.score >= SURE:
            away_px = np.linalg.norm(places_px - candidate.region.center_px, axis=1)
            unexplained &= away_px > candidate.region.side_px / 2
    if not unexplained.any():
        return []
    height, width = level.cells
    marked = np.zeros((height, width), np.uint8)
    cells = _to_cells(level, places_px[unexplained])
    marked[np.clip(cells[:, 1], 0, height - 1), np.clip(cells[:, 0], 0, width - 1)] = 1
    reach = 2 * (_REACH_CELLS + _CONTEXT_CELLS) + 1
    count, labels = cv2.connectedComponents(cv2.dilate(marked, np.ones((reach, reach), np.uint8)))
    windows = [
        _around(np.nonzero((labels == label) & (marked > 0)), height, width) for label in range(1, count)
    ]
    shown = sum((each.bottom - each.top) * (each.right - each.left) for each in windows)
    return windows if shown < _WHOLE_FROM * height * width else [Window.whole(level)]


def _around(cells: tuple[np.ndarray, ...], height: int, width: int) -> Window:
    rows, columns = cells
    near = _REACH_CELLS
    inner = (
        max(int(rows.min()) - near, 0),
        max(int(columns.min()) - near, 0),
        min(int(rows.max()) + near + 1, height),
        min(int(columns.max()) + near + 1, width),
    )
    top, left, bottom, right = inner
    return Window(
        max(top - _CONTEXT_CELLS, 0),
        max(left - _CONTEXT_CELLS, 0),
        min(bottom + _CONTEXT_CELLS, height),
        min(right + _CONTEXT_CELLS, width),
        inner,
    )


def _to_picture(level: Level, cells: np.ndarray) -> Float[np.ndarray, "n 2"]:
    """Middles of cells (column, row) of a level in the picture, pixels."""
    middles_px = cells * STRIDE_PX + (STRIDE_PX - 1) / 2
    return (middles_px - level.margin_px + 0.5) / level.scale - 0.5


def _to_cells(level: Level, points_px: np.ndarray) -> np.ndarray:
    """Cells (column, row) of a level in which points of the picture lie."""
    there_px = (points_px + 0.5) * level.scale - 0.5 + level.margin_px
    return np.floor((there_px + 0.5) / STRIDE_PX).astype(int)
