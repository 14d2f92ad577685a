"""The first pass over a video: read once, everyone followed as if it were live."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from mien.errors import InputError, check_type
from mien.fitting.results import TrackedFrame
from mien.progress import ProgressReport, reported, silent
from mien.tracking.following import Following
from mien.tracking.tracked_person import TrackedPerson

Video = str | Path | Iterable[np.ndarray]
"""A file, or (H, W, 3) uint8 RGB pictures."""


@dataclass(frozen=True)
class FirstPass:
    """What the first pass found.

    Attributes:
        people: everyone, in the order in which they came, with one frame per picture of the video: LOST
            before they came and after they left.
        frame_count: pictures of the video.
        frames_per_second: nominal frame rate.
    """

    people: tuple[tuple[TrackedPerson, tuple[TrackedFrame, ...]], ...]
    frame_count: int
    frames_per_second: float


def first_pass(
    video: Video,
    following: Following,
    *,
    frames_per_second: float,
    max_frames: int | None = None,
    report: ProgressReport = silent,
) -> FirstPass:
    """Read a video from its start and follow whom `following` follows.

    Args:
        frames_per_second: of `video` when it is pictures; a file knows its own.
        max_frames: stop after so many.
        report: told of the frames that are done, and of all where that is known.

    Raises:
        InputError: the file is missing or no video, or there are no frames.
    """
    call = 'mien.track_video("clip.mp4"), or of a list of pictures'
    if isinstance(video, np.ndarray) and video.ndim != 4:
        raise InputError(f"video is one picture or another array {video.shape}; the call is {call}")
    check_type(video, (str, Path, Iterable), argument="video", call=call)
    pictures, frames_per_second, total = _read(video, frames_per_second, max_frames)
    times_s: list[float] = []
    seen: dict[TrackedPerson, dict[int, TrackedFrame]] = {}
    for time_s, image in reported(pictures, report, total=total):
        for person, frame in following.update(image, time_s):
            seen.setdefault(person, {})[len(times_s)] = frame
        times_s.append(time_s)
    if not times_s:
        raise InputError("the video has no frames", source=video if isinstance(video, str | Path) else None)
    people = tuple(
        (
            person,
            tuple(
                frames.get(index) or person.frame_without_face(time_s) for index, time_s in enumerate(times_s)
            ),
        )
        for person, frames in seen.items()
    )
    return FirstPass(people, len(times_s), frames_per_second)


def _read(
    video: Video, frames_per_second: float, max_frames: int | None
) -> tuple[Iterator[tuple[float, np.ndarray]], float, int | None]:
    """Times and pictures, the rate, and how many there will be (None when unknown)."""
    if isinstance(video, str | Path):
        from mien.images.video import open_video

        reader = open_video(video)
        total, frames_per_second = reader.frame_count_estimate, reader.frames_per_second

        def read() -> Iterator[tuple[float, np.ndarray]]:
            with reader:
                for frame in reader:
                    yield frame.time_s, frame.image

        pictures = read()
    else:
        total = len(video) if isinstance(video, list | tuple) else None
        pictures = ((index / frames_per_second, image) for index, image in enumerate(video))
    if max_frames is not None:
        pictures, total = islice(pictures, max_frames), None if total is None else min(total, max_frames)
    return pictures, frames_per_second, total
