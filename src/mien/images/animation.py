"""Animated pictures that FFmpeg cannot read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from mien.errors import InputError
from mien.images.other_files import phone_format
from mien.images.photo import opened_picture, rgb_pixels

_SHORTEST_S = 0.01
"""Browsers show frames that claim less a tenth of a second long."""


def may_be_animation(path: Path) -> bool:
    """Whether a file that exists is a WebP or AVIF, by its first bytes."""
    with path.open("rb") as file:
        start = file.read(12)
    return (start[:4] == b"RIFF" and start[8:] == b"WEBP") or phone_format(path) == "AVIF"


class Animation:
    """The pictures of an animated WebP or AVIF.

    Attributes:
        width_px, height_px: their size.
        times_s: (F,) when each is shown.
        duration_s: how long all are.
    """

    times_s: Float[np.ndarray, " frames"]

    def __init__(self, path: Path) -> None:
        """
        Args:
            path: the file.

        Raises:
            InputError: it is not animated, or damaged.
        """
        self._path = path
        durations_s = []
        with opened_picture(path) as opened:
            count = getattr(opened, "n_frames", 1)
            if count < 2:
                raise InputError("is a picture, not a video; fit it with `mien fit`", source=path)
            self.width_px, self.height_px = opened.size
            for index in range(count):
                opened.seek(index)
                opened.load()  # the duration is known then
                duration_s = float(opened.info.get("duration", 0)) / 1000
                durations_s.append(duration_s if duration_s >= _SHORTEST_S else 0.1)
        self.duration_s = sum(durations_s)
        self.times_s = np.concatenate([[0.0], np.cumsum(durations_s)[:-1]])

    def images(self) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
        """Every picture in order.

        Raises:
            InputError: one is damaged.
        """
        with opened_picture(self._path) as opened:
            for index in range(len(self.times_s)):
                opened.seek(index)
                yield rgb_pixels(opened)
