"""What the first pass saw of one person: times in memory, landmarks on the disk when they are many."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mien.files import RowStore
from mien.fitting.results import TrackedFrame
from mien.landmarks.types import Landmarks2D
from mien.tracking.tracked_person import TrackedPerson


class SeenPerson:
    """One person's frames of a video, from the first to the last in which they were seen.

    Attributes:
        person: who, and what was learned of them.
        first_frame: the video's frame of the first row.
        times_s: of each row.
        found: 1 in rows with landmarks.
        cuts: 1 in rows before which the picture jumped.
    """

    def __init__(self, person: TrackedPerson, *, whole: bool = False, folder: Path | None = None) -> None:
        """
        Args:
            whole: keep frames before the first face and after the last one too.
            folder: for temporary files; the system's place when None.
        """
        self.person, self.whole, self.folder = person, whole, folder
        self.first_frame = 0
        self.times_s = array("d")
        self.found, self.cuts = bytearray(), bytearray()
        self.set_name = "dense320"
        self._store: RowStore | None = None

    def __len__(self) -> int:
        return len(self.times_s)

    @property
    def seen_count(self) -> int:
        """Rows with landmarks."""
        return sum(self.found)

    def add(self, index: int, frame: TrackedFrame) -> None:
        """The video's next frame, as the first pass knows it."""
        landmarks = frame.raw_landmarks
        if not len(self):
            if landmarks is None and not self.whole:
                return
            self.first_frame = index
        self.times_s.append(frame.time_s)
        self.found.append(landmarks is not None)
        self.cuts.append(frame.cut)
        if landmarks is not None:
            if self._store is None:
                self.set_name = landmarks.set_name
                self._store = RowStore((len(landmarks), 3), np.float32, folder=self.folder)
            self._store.append(np.column_stack([landmarks.points_px, landmarks.sigma_px]))

    def finish(self) -> None:
        """No more frames come: those at the end without a face go."""
        if not self.whole:
            count = self.found.rfind(1) + 1
            del self.times_s[count:], self.found[count:], self.cuts[count:]

    def close(self) -> None:
        """Let go of the landmarks."""
        if self._store is not None:
            self._store.close()

    def segments(self) -> Iterator[tuple[int, int]]:
        """Runs of rows with landmarks and without a cut, as (first, one past the last)."""
        start: int | None = None
        for row, (found, cut) in enumerate(zip(self.found, self.cuts, strict=True)):
            if start is not None and (not found or cut):
                yield start, row
                start = None
            if start is None and found:
                start = row
        if start is not None:
            yield start, len(self)

    def landmarks(self, first: int, count: int) -> Sequence[Landmarks2D]:
        """Landmarks of consecutive rows that have some; `first` counts such rows only."""
        assert self._store is not None
        return _Slice(self._store, first, count, self.set_name)


class _Slice(Sequence[Landmarks2D]):
    """Landmarks that are read when they are asked for."""

    def __init__(self, store: RowStore, first: int, count: int, set_name: str) -> None:
        self._store, self._first, self._count, self._set_name = store, first, count, set_name

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index):
        row = self._store[self._first + range(self._count)[index]].astype(float)
        return Landmarks2D(row[:, :2], row[:, 2], self._set_name)
