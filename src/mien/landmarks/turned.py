"""Faces that do not stand upright in their picture: it is searched turned by quarters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import UInt8

from mien.landmarks.candidates import Candidate, suppress
from mien.landmarks.region import Region


def turned_candidates(
    finder: Callable[[np.ndarray], list[Candidate]], image: UInt8[np.ndarray, "height width 3"]
) -> list[Candidate]:
    """What a finder sees in the picture turned by a quarter, a half and three quarters, best first.

    Together with the picture as it stands this covers any roll: the search knows faces up to 45° aside.

    Args:
        finder: a picture to the regions that may hold upright faces.

    Returns:
        Regions of `image` itself; each face once.
    """
    found = [
        Candidate(_turned_back(candidate.region, quarters, image.shape[:2]), candidate.score)
        for quarters in (1, 2, 3)
        for candidate in finder(np.ascontiguousarray(np.rot90(image, quarters)))
    ]
    return suppress(found)


def _turned_back(region: Region, quarters: int, size_px: tuple[int, ...]) -> Region:
    """A region of a picture that was turned counter-clockwise, in the picture before that had `size_px`."""
    height_px, width_px = size_px
    x, y = region.center_px
    center_px = {
        1: (width_px - 1 - y, x),
        2: (width_px - 1 - x, height_px - 1 - y),
        3: (y, height_px - 1 - x),
    }[quarters]
    roll_rad = region.roll_rad + quarters * np.pi / 2
    return Region(np.array(center_px), region.side_px, float((roll_rad + np.pi) % (2 * np.pi) - np.pi))
