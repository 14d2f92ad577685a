"""The second pass over a video: every frame again, with what the first pass has learned of the person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mien.fitting.results import HeadTrack
from mien.fitting.scene.fit_model import FitModel
from mien.heads.parameters import HeadParameters
from mien.landmarks.filter import smooth_both_ways
from mien.landmarks.types import Landmarks2D
from mien.tracking.frame_fitter import FrameFitter
from mien.tracking.seen_person import SeenPerson

PART_ROWS = 256
"""Rows that a part of a track has."""


def second_pass(seen: SeenPerson, *, frames_per_second: float) -> Iterator[HeadTrack]:
    """Landmarks smoothed forwards and backwards, and every frame fitted with the final identity and camera.

    Yields:
        The track in consecutive parts, so that none has to lie in memory as a whole.
    """
    parts = _Parts(seen, frames_per_second)
    leading = 0
    last: HeadParameters | None = None
    for parameters, landmarks in _rows(seen):
        known = last if parameters is None else parameters
        if known is None:
            leading += 1  # rows before the first good one repeat it, as soon as it is known
            continue
        for _ in range(leading):
            yield from parts.add(known, None)
        leading, last = 0, known
        yield from parts.add(known, landmarks)
    for _ in range(leading):
        yield from parts.add(seen.person.context.loaded_head.neutral(), None)
    yield from parts.rest()


def _rows(seen: SeenPerson) -> Iterator[tuple[HeadParameters | None, Landmarks2D | None]]:
    """Parameters and smoothed landmarks of every row; None where the face is lost."""
    person, done, taken = seen.person, 0, 0
    fitter = None
    for start, stop in seen.segments():
        identity = person.identity
        assert identity is not None
        fitter = fitter or FrameFitter(
            FitModel.of(person.context.loaded_head, seen.set_name),
            camera=person.camera,
            identity=identity,
            config=person.context.config,
        )
        for _ in range(done, start):
            yield None, None
        raw = seen.landmarks(taken, stop - start)
        points = smooth_both_ways(raw, folder=seen.folder) if person.config.smooth else None
        previous: HeadParameters | None = None
        for landmarks in raw:
            better = landmarks if points is None else replace(landmarks, points_px=next(points))
            parameters, status = fitter(better, previous)
            previous = parameters if status.usable else None
            yield (parameters, better) if status.usable else (None, None)
        done, taken = stop, taken + stop - start
    for _ in range(done, len(seen)):
        yield None, None


class _Parts:
    """Collects rows into parts of a track."""

    def __init__(self, seen: SeenPerson, frames_per_second: float) -> None:
        head = seen.person.context.loaded_head
        sets = head.landmark_sets
        self._seen, self._rate, self._head = seen, frames_per_second, head
        self._count = len(sets[seen.set_name]) if seen.set_name in sets else 0
        self._start = 0
        self._rows: list[tuple[HeadParameters, Landmarks2D | None]] = []

    def add(self, parameters: HeadParameters, landmarks: Landmarks2D | None) -> Iterator[HeadTrack]:
        """A row; without landmarks it is a lost one."""
        self._rows.append((parameters, landmarks))
        if len(self._rows) == PART_ROWS:
            yield from self.rest()

    def rest(self) -> Iterator[HeadTrack]:
        """What was added since the last part."""
        if not self._rows:
            return
        seen, stop = self._seen, self._start + len(self._rows)
        found = [parameters for parameters, _ in self._rows]
        points_px = np.full((len(self._rows), self._count, 2), np.nan)
        sigma_px = np.full((len(self._rows), self._count), np.nan)
        for row, (_, landmarks) in enumerate(self._rows):
            if landmarks is not None:
                points_px[row], sigma_px[row] = landmarks.points_px, landmarks.sigma_px
        yield HeadTrack(
            times_s=np.array(seen.times_s[self._start : stop], dtype=float),
            identity=found[0].identity,
            expression=np.stack([row.expression for row in found]),
            joint_rotations=np.stack([row.joint_rotations for row in found]),
            root_rotation=np.stack([row.root_rotation for row in found]),
            root_translation_m=np.stack([row.root_translation_m for row in found]),
            tracked=np.array([landmarks is not None for _, landmarks in self._rows]),
            camera=seen.person.camera,
            points_px=points_px,
            sigma_px=sigma_px,
            set_name=seen.set_name,
            head_name=self._head.name,
            head_version=self._head.version,
            frames_per_second=self._rate,
            first_frame=seen.first_frame + self._start,
        )
        self._start, self._rows = stop, []
