"""Animated pictures that FFmpeg cannot read, frame by frame as a video."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mien.errors import InputError
from mien.images.photo import opened_picture, rgb_pixels
from mien.images.upright import Turn
from mien.images.video import Frame, VideoReader

_SHORTEST_S = 0.01
"""Browsers show frames that claim less a tenth of a second long."""


def is_webp(path: Path) -> bool:
    """Whether a file that exists is a WebP, by its first bytes."""
    with path.open("rb") as file:
        start = file.read(12)
    return start[:4] == b"RIFF" and start[8:] == b"WEBP"


class AnimationReader(VideoReader):
    """Frames of an animated WebP; its attributes are those of a video."""

    def __init__(self, path: str | Path) -> None:
        """
        Args:
            path: an animated picture.

        Raises:
            InputError: it is not animated, or damaged.
        """
        self.source, self.truncated, self.start_s = Path(path), False, 0.0
        with opened_picture(self.source) as opened:
            count = getattr(opened, "n_frames", 1)
            if count < 2:
                raise InputError("is a picture, not a video; fit it with `mien fit`", source=self.source)
            self.turn, self.rotation_deg = Turn(), 0
            self.width_px, self.height_px = opened.size
            durations_s = []
            for index in range(count):
                opened.seek(index)
                opened.load()  # the duration is known then
                duration_s = float(opened.info.get("duration", 0)) / 1000
                durations_s.append(duration_s if duration_s >= _SHORTEST_S else 0.1)
        self._times_s = np.concatenate([[0.0], np.cumsum(durations_s)[:-1]])
        self.frames_per_second = count / sum(durations_s)
        self.frame_count_estimate = count

    def __iter__(self) -> Iterator[Frame]:
        """Every frame in order."""
        try:
            with opened_picture(self.source) as opened:
                for index, time_s in enumerate(self._times_s):
                    opened.seek(index)
                    yield Frame(index, float(time_s), rgb_pixels(opened))
        except InputError:
            self.truncated = True

    def close(self) -> None:
        """Nothing stays open."""
