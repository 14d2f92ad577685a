"""The first pass over a video: read once, everyone followed as if it were live."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np

from mien.ahead import read_ahead
from mien.errors import InputError, check_type
from mien.fitting.results import TrackedFrame
from mien.progress import ProgressReport, reported, silent
from mien.tracking.following import Following
from mien.tracking.seen_person import SeenPerson
from mien.tracking.tracked_person import TrackedPerson

Video = str | Path | Iterable[np.ndarray]
"""A file, or (H, W, 3) uint8 RGB pictures."""


class FirstPass:
    """A video read once from its start, and those whom `following` follows, each as soon as they have left.

    Iterate over it, once, for what was seen of each person; only those in the picture lie in memory.

    Attributes:
        frame_count: pictures so far.
        frames_per_second: nominal frame rate.
        start_time_s: time of the first picture.
    """

    def __init__(
        self,
        video: Video,
        following: Following,
        *,
        frames_per_second: float,
        max_frames: int | None = None,
        whole: bool = False,
        folder: Path | None = None,
        watch: Callable[[TrackedFrame], object] | None = None,
        report: ProgressReport = silent,
    ) -> None:
        """
        Args:
            frames_per_second: of `video` when it is pictures; a file knows its own.
            max_frames: stop after so many.
            whole: people have a row for every picture of the video, not for their own alone.
            folder: for temporary files; the system's place when None.
            watch: told of every frame of everyone, as known by then.
            report: told of the frames that are done, and of all where that is known.

        Raises:
            InputError: the file is missing or no video.
        """
        call = 'mien.track_video("clip.mp4"), or of a list of pictures'
        if isinstance(video, np.ndarray) and video.ndim != 4:
            raise InputError(f"video is one picture or another array {video.shape}; the call is {call}")
        check_type(video, (str, Path, Iterable), argument="video", call=call)
        self._pictures, self.frames_per_second, self._total = _read(video, frames_per_second, max_frames)
        self._following, self._whole, self._folder, self._report = following, whole, folder, report
        self._watch = watch
        self._source = video if isinstance(video, str | Path) else None
        self.frame_count, self.start_time_s = 0, 0.0

    def __iter__(self) -> Iterator[SeenPerson]:
        """Everyone, in the order in which they leave.

        Raises:
            InputError: there are no frames.
        """
        with closing(self._following), closing(self._pictures):
            yield from self._followed()

    def _followed(self) -> Iterator[SeenPerson]:
        here: dict[TrackedPerson, SeenPerson] = {}
        pictures = _with_next(self._pictures, known=self._source is not None)
        for time_s, image, upcoming in reported(pictures, self._report, total=self._total):
            if not self.frame_count:
                self.start_time_s = time_s
            for person, frame in self._following.update(image, time_s, upcoming=upcoming):
                if person not in here:
                    here[person] = SeenPerson(person, whole=self._whole, folder=self._folder)
                here[person].add(self.frame_count, frame)
                if self._watch is not None:
                    self._watch(frame)
            self.frame_count += 1
            for person in [one for one in here if one not in self._following.present]:
                yield from _finished(here.pop(person))
        if not self.frame_count:
            raise InputError("the video has no frames", source=self._source)
        for seen in here.values():
            yield from _finished(seen)


def _with_next(
    pictures: Iterator[tuple[float, np.ndarray]], *, known: bool
) -> Iterator[tuple[float, np.ndarray, np.ndarray | None]]:
    """Times and pictures, and the picture after each where that may be `known`: who hands over pictures may
    use the memory of one for the next."""
    if not known:
        yield from ((time_s, image, None) for time_s, image in pictures)
        return
    last = next(pictures, None)
    for coming in pictures:
        assert last is not None
        yield *last, coming[1]
        last = coming
    if last is not None:
        yield *last, None


def _finished(seen: SeenPerson) -> Iterator[SeenPerson]:
    seen.finish()
    if len(seen):
        yield seen


def _read(
    video: Video, frames_per_second: float, max_frames: int | None
) -> tuple[Generator[tuple[float, np.ndarray], None, None], float, int | None]:
    """Times and pictures, the rate, and how many there will be (None when unknown)."""
    if isinstance(video, str | Path):
        from mien.images.video import open_video

        reader = open_video(video)
        total, frames_per_second = reader.frame_count_estimate, reader.frames_per_second

        def read() -> Generator[tuple[float, np.ndarray], None, None]:
            with reader, read_ahead(reader) as frames:
                for frame in islice(frames, max_frames):
                    yield frame.time_s, frame.image

        pictures = read()
    else:
        total = len(video) if isinstance(video, list | tuple) else None
        some = islice(enumerate(video), max_frames)
        pictures = ((index / frames_per_second, image) for index, image in some)
    if max_frames is not None and total is not None:
        total = min(total, max_frames)
    return pictures, frames_per_second, total
