"""Whether something has come into a picture since somebody last looked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8

from mien.images.cuts import thumbnail

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""

_CHANGED = 5.0
"""Grey levels (0–255) by which a block of the thumbnail differs when something is there that was not."""


class ChangesElsewhere:
    """Tells whether a picture has changed outside of what is known to move.

    Pictures are compared as thumbnails of about 24 rows, so noise is averaged out and a small face still
    covers a block.
    """

    def __init__(self) -> None:
        self._seen: np.ndarray | None = None

    def remember(self, image: UInt8[np.ndarray, "height width 3"]) -> None:
        """This is what was looked at."""
        self._seen = thumbnail(image)

    def __call__(self, image: UInt8[np.ndarray, "height width 3"], known: Sequence[Box]) -> bool:
        """Whether anything outside the boxes differs from what was looked at; True when nothing was.

        Args:
            known: boxes in the picture that may change.
        """
        now, seen = thumbnail(image), self._seen
        if seen is None or seen.shape != now.shape:
            return True
        changed = np.abs(now - seen) > _CHANGED
        rows, columns = changed.shape
        scale = np.array([columns / image.shape[1], rows / image.shape[0]] * 2)
        for box in known:
            left, top, right, bottom = np.array(box) * scale
            changed[
                max(int(np.floor(top)), 0) : max(int(np.ceil(bottom)), 0),
                max(int(np.floor(left)), 0) : max(int(np.ceil(right)), 0),
            ] = False
        return bool(changed.any())
