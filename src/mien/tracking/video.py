"""One person's head through a video file: follow once, then fit every frame again with what was learned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from mien.cameras import Camera
from mien.errors import InputError
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.context import Context
from mien.fitting.results import HeadTrack
from mien.fitting.scene.fit_model import FitModel
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.filter import smooth_both_ways
from mien.landmarks.types import Landmarks2D
from mien.tracking.frame_fitter import FrameFitter
from mien.tracking.tracker import DEFAULT_OPTIONS, TrackedFrame, Tracker, TrackerConfig


def track_video(
    video: str | Path | Iterable[np.ndarray],
    *,
    context: Context | None = None,
    camera: CameraPrior | Camera | None = None,
    options: TrackerConfig = DEFAULT_OPTIONS,
    frames_per_second: float = 25.0,
    max_frames: int | None = None,
    progress: Callable[[int, int | None], None] | None = None,
    on_frame: Callable[[int, np.ndarray, TrackedFrame], None] | None = None,
) -> HeadTrack:
    """Follow one person's head through a video.

    A first pass runs the real-time tracker. A second one smooths landmarks forwards and backwards and fits
    every frame with the final identity and camera, so both are the same throughout.

    Args:
        video: a file, or (H, W, 3) uint8 RGB pictures.
        context: head, landmarker and settings; the built-in ones when None.
        camera: what is known of the camera; a plain `Camera` is known, its focal length included.
        frames_per_second: of `video` when it is pictures; a file knows its own.
        max_frames: stop after so many.
        progress: called with the number of frames done and of all (None when unknown).
        on_frame: called with number, picture and first-pass result of each frame.

    Returns:
        The track; frames without the face are marked in `tracked`.

    Raises:
        InputError: the file is missing or no video, or there are no frames.
    """
    tracker = Tracker(context, camera=camera, options=options)
    frames: list[TrackedFrame] = []
    size_px: tuple[int, int] | None = None
    pictures, frames_per_second, total = read_pictures(video, frames_per_second, max_frames)
    for time_s, image in pictures:
        if size_px is None:
            size_px = image.shape[1], image.shape[0]
        frames.append(tracker.update(image, time_s))
        if on_frame is not None:
            on_frame(len(frames) - 1, image, frames[-1])
        if progress is not None:
            progress(len(frames), total)
    assert size_px is not None
    prior = CameraPrior.free(width_px=size_px[0], height_px=size_px[1]) if camera is None else camera
    fallback = CameraPrior.of(prior).camera
    return refit(frames, tracker, fallback=fallback, frames_per_second=frames_per_second)


def read_pictures(
    video: str | Path | Iterable[np.ndarray], frames_per_second: float, max_frames: int | None
) -> tuple[Iterator[tuple[float, np.ndarray]], float, int | None]:
    """Times and pictures, the rate, and how many there will be (None when unknown).

    Raises:
        InputError: the file is missing or no video; while reading, that there are no frames.
    """
    source = video if isinstance(video, str | Path) else None
    if isinstance(video, str | Path):
        from mien.images.video import open_video

        reader = open_video(video)
        total = reader.frame_count_estimate

        def read() -> Iterator[tuple[float, np.ndarray]]:
            with reader:
                for frame in reader:
                    yield frame.time_s, frame.image

        pictures, frames_per_second = read(), reader.frames_per_second
    else:
        total = len(video) if isinstance(video, list | tuple) else None
        pictures = ((index / frames_per_second, image) for index, image in enumerate(video))
    if max_frames is not None and total is not None:
        total = min(total, max_frames)

    def read_some() -> Iterator[tuple[float, np.ndarray]]:
        count = 0
        for picture in pictures:
            yield picture
            count += 1
            if max_frames is not None and count >= max_frames:
                return
        if not count:
            raise InputError("the video has no frames", source=source)

    return read_some(), frames_per_second, total


def refit(
    frames: list[TrackedFrame], tracker: Tracker, *, fallback: Camera, frames_per_second: float
) -> HeadTrack:
    """The second pass: smooth both ways, fit every frame with the final identity and camera.

    Args:
        frames: the first pass, one entry per frame of the video.
        fallback: the camera when no face was ever seen.
    """
    head, camera, identity = tracker.head, tracker.camera or fallback, tracker.identity
    rows: list[HeadParameters | None] = [None] * len(frames)
    smoothed: list[Landmarks2D | None] = [None] * len(frames)
    seen = [frame.landmarks for frame in frames if frame.landmarks is not None]
    set_name = seen[0].set_name if seen else "dense320"
    if identity is not None and seen:
        fitter = FrameFitter(
            FitModel.of(head, set_name), camera=camera, identity=identity, config=tracker.context.config
        )
        for start, stop in _segments(frames):
            segment = [frame.landmarks for frame in frames[start:stop] if frame.landmarks is not None]
            points = (
                smooth_both_ways(segment)
                if tracker.options.smooth
                else [landmarks.points_px for landmarks in segment]
            )
            previous: HeadParameters | None = None
            for index, (landmarks, points_px) in enumerate(zip(segment, points, strict=True), start):
                better = replace(landmarks, points_px=points_px)
                parameters, status = fitter(better, previous)
                previous = parameters if status.usable else None
                if status.usable:
                    rows[index], smoothed[index] = parameters, better
    return _assemble(
        frames, rows, smoothed, head=head, camera=camera, set_name=set_name, rate=frames_per_second
    )


def _segments(frames: list[TrackedFrame]) -> Iterator[tuple[int, int]]:
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
    frames: list[TrackedFrame],
    rows: list[HeadParameters | None],
    smoothed: list[Landmarks2D | None],
    *,
    head: Head,
    camera: Camera,
    set_name: str,
    rate: float,
) -> HeadTrack:
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
        camera=camera,
        points_px=points_px,
        sigma_px=sigma_px,
        set_name=set_name,
        head_name=head.name,
        head_version=head.version,
        frames_per_second=rate,
    )
