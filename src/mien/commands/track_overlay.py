"""The overlay video of `mien track`: heads over the frames that they were found in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mien.ahead import mapped_ahead, read_ahead
from mien.progress import Progress, ProgressReport

if TYPE_CHECKING:
    import numpy as np

    from mien.fitting.results import HeadTrack
    from mien.heads.model import Head
    from mien.images.video import Frame
    from mien.tracking.save_tracks import VideoTracks
    from mien.tracking.track_file import SavedTrack

_DRAWING_THREADS = 2


def write_overlay(
    path: Path, found: VideoTracks, head: Head, *, target: Path, report: ProgressReport
) -> bool:
    """Write the overlay video, and return whether the input could be read to its end.

    Frames are read, drawn and written at the same time, in their order.
    """
    from mien.images.video import VideoWriter, open_video

    def drawn(shown: _Shown) -> tuple[np.ndarray, float]:
        return shown.drawn(head), shown.frame.time_s

    with (
        open_video(path) as video,
        VideoWriter(target, frames_per_second=found.frames_per_second, quick=True, sound_of=video) as writer,
        read_ahead(video) as frames,
        mapped_ahead(drawn, _all_shown(frames, found), threads=_DRAWING_THREADS) as pictures,
    ):
        for done, (picture, time_s) in enumerate(pictures, 1):
            writer.write(picture, time_s)
            report(Progress(done, found.frame_count))
    return not video.truncated


@dataclass(frozen=True, eq=False)
class _Shown:
    """A frame, and the names and tracks of those who are seen on it."""

    frame: Frame
    people: list[tuple[str, HeadTrack]]

    def drawn(self, head: Head) -> np.ndarray:
        from mien.drawing import draw_track_frame
        from mien.drawing.overlay import draw_loss

        picture = self.frame.image
        for name, track in self.people:
            picture = draw_track_frame(picture, head, track, self.frame.index, name=name)
        return picture if self.people else draw_loss(picture)


def _all_shown(frames: Iterable[Frame], found: VideoTracks) -> Iterator[_Shown]:
    """All frames that were tracked."""
    readers = [_PartAt(track) for track in found.tracks]
    for frame in frames:
        if frame.index >= found.frame_count:
            return
        people = []
        # people are numbered as their files are
        for number, reader in enumerate(readers, 1):
            part = reader.at(frame.index)
            if part is not None and part.tracked[frame.index - part.first_frame]:
                people.append((str(number) if len(readers) > 1 else "", part))
        yield _Shown(frame, people)


class _PartAt:
    """Reads a track along with its video, a part at a time."""

    def __init__(self, track: SavedTrack) -> None:
        self._track, self._part = track, None
        self._parts = track.parts()

    def at(self, index: int) -> HeadTrack | None:
        """The part with this frame of the video, which is asked for in ascending order; None outside."""
        if not 0 <= index - self._track.first_frame < len(self._track):
            self._part = None
            return None
        while self._part is None or index >= self._part.first_frame + len(self._part):
            self._part = next(self._parts)
        return self._part
