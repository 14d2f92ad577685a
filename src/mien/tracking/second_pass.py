"""The second pass over a video: every frame again, with what the first pass has learned of the person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from mien.fitting.results import HeadTrack, TrackedFrame
from mien.fitting.scene.fit_model import FitModel
from mien.heads.parameters import HeadParameters
from mien.landmarks.filter import smooth_both_ways
from mien.landmarks.types import Landmarks2D
from mien.tracking.frame_fitter import FrameFitter
from mien.tracking.tracked_person import TrackedPerson


def second_pass(
    person: TrackedPerson, frames: Sequence[TrackedFrame], *, frames_per_second: float
) -> HeadTrack:
    """Landmarks smoothed forwards and backwards, and every frame fitted with the final identity and camera.

    Args:
        frames: the first pass, one entry per frame of the video.
    """
    head, identity = person.context.loaded_head, person.identity
    seen = [frame.raw_landmarks for frame in frames if frame.raw_landmarks is not None]
    set_name = seen[0].set_name if seen else "dense320"
    rows: list[HeadParameters | None] = [None] * len(frames)
    smoothed: list[Landmarks2D | None] = [None] * len(frames)
    if identity is not None and seen:
        fitter = FrameFitter(
            FitModel.of(head, set_name),
            camera=person.camera,
            identity=identity,
            config=person.context.config,
        )
        for start, stop in _segments(frames):
            raw = [frame.raw_landmarks for frame in frames[start:stop] if frame.raw_landmarks is not None]
            points = smooth_both_ways(raw) if person.config.smooth else [one.points_px for one in raw]
            previous: HeadParameters | None = None
            for index, (landmarks, points_px) in enumerate(zip(raw, points, strict=True), start):
                better = replace(landmarks, points_px=points_px)
                parameters, status = fitter(better, previous)
                previous = parameters if status.usable else None
                if status.usable:
                    rows[index], smoothed[index] = parameters, better
    return _assemble(person, frames, rows, smoothed, set_name=set_name, rate=frames_per_second)


def _segments(frames: Sequence[TrackedFrame]) -> Iterator[tuple[int, int]]:
    """Runs of tracked frames without a cut, as (first, one past the last)."""
    start: int | None = None
    for index, frame in enumerate(frames):
        if start is not None and (not frame.tracked or frame.cut):
            yield start, index
            start = None
        if start is None and frame.tracked:
            start = index
    if start is not None:
        yield start, len(frames)


def _assemble(
    person: TrackedPerson,
    frames: Sequence[TrackedFrame],
    rows: list[HeadParameters | None],
    smoothed: list[Landmarks2D | None],
    *,
    set_name: str,
    rate: float,
) -> HeadTrack:
    head = person.context.loaded_head
    good = [row for row in rows if row is not None]
    last = good[0] if good else head.neutral()
    identity = last.identity
    filled: list[HeadParameters] = []
    for row in rows:
        last = row if row is not None else last
        filled.append(last)
    count = len(head.landmark_sets[set_name]) if set_name in head.landmark_sets else 0
    points_px = np.full((len(frames), count, 2), np.nan)
    sigma_px = np.full((len(frames), count), np.nan)
    for index, landmarks in enumerate(smoothed):
        if landmarks is not None:
            points_px[index], sigma_px[index] = landmarks.points_px, landmarks.sigma_px
    return HeadTrack(
        times_s=np.array([frame.time_s for frame in frames], dtype=float),
        identity=identity,
        expression=np.stack([row.expression for row in filled]),
        joint_rotations=np.stack([row.joint_rotations for row in filled]),
        root_rotation=np.stack([row.root_rotation for row in filled]),
        root_translation_m=np.stack([row.root_translation_m for row in filled]),
        tracked=np.array([row is not None for row in rows]),
        camera=person.camera,
        points_px=points_px,
        sigma_px=sigma_px,
        set_name=set_name,
        head_name=head.name,
        head_version=head.version,
        frames_per_second=rate,
    )
