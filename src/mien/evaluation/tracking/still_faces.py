"""How much a tracked face jitters while it is still.

clip = still_portrait(mien.read_image("portrait.jpg"))    # or a video's path
still_face_jitter(clip).realtime_ratio                     # below 0.5: less than half the jitter
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, UInt8

from mien.cameras import Camera
from mien.errors import InputError
from mien.fitting.context import Context
from mien.fitting.photo import fit_landmarks
from mien.fitting.results import HeadTrack, TrackedFrame
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from mien.tracking.config import TrackerConfig
from mien.tracking.first_pass import FirstPass
from mien.tracking.one_person import OnePerson
from mien.tracking.second_pass import second_pass


@dataclass(frozen=True)
class StillFaceJitter:
    """Jitter of projected head points on the still frames of a clip, pixels RMS.

    Attributes:
        frames: how many frames are still.
        landmarks_px: of the network's landmarks themselves.
        alone_px: when every frame is fitted by itself, for a person and camera that are known.
        realtime_px: of the tracker, frame by frame.
        offline_px: of the track that `track_video` returns, smoothed both ways.
    """

    frames: int
    landmarks_px: float
    alone_px: float
    realtime_px: float
    offline_px: float

    @property
    def realtime_ratio(self) -> float:
        """The tracker's jitter over that of frames fitted alone."""
        return self.realtime_px / self.alone_px

    @property
    def offline_ratio(self) -> float:
        """The finished track's jitter over that of frames fitted alone."""
        return self.offline_px / self.alone_px


def still_face_jitter(
    video: str | Path | Iterable[np.ndarray],
    *,
    context: Context | None = None,
    config: TrackerConfig = TrackerConfig(),
    slowest: float = 0.02,
    max_frames: int | None = None,
) -> StillFaceJitter:
    """Follow one face through a clip and compare its jitter with that of frames fitted one by one.

    The same landmarks, identity and camera serve both, so what differs is the use of time alone. The frames
    compared are those of `still_frames`.

    Args:
        video: a file, or (H, W, 3) uint8 RGB pictures.
        context: head, landmarker and settings; the built-in ones when None.
        slowest: see `still_frames`.

    Raises:
        InputError: the video is missing, or shows no still face.
    """
    one = OnePerson(context or Context(), camera=None, config=config)
    frames: list[TrackedFrame] = []
    first = FirstPass(
        video, one, frames_per_second=30.0, max_frames=max_frames, whole=True, watch=frames.append
    )
    [seen] = first
    person = seen.person
    source = str(video) if isinstance(video, str | Path) else None
    if person.identity is None:
        raise InputError(
            "no frame shows a face; choose a clip with a face of 60 pixels or more", source=source
        )
    track = HeadTrack.joined(second_pass(seen, frames_per_second=first.frames_per_second))
    return _compared(frames, person.context, track, slowest=slowest, source=source)


def _compared(
    frames: Sequence[TrackedFrame], context: Context, track: HeadTrack, *, slowest: float, source: str | None
) -> StillFaceJitter:
    head = context.loaded_head
    vertices = head.landmark_set(track.set_name).vertices

    nowhere = np.full((len(vertices), 2), np.nan)

    def shown(parameters: HeadParameters | None, camera: Camera) -> np.ndarray:
        if parameters is None:
            return nowhere
        return camera.project(head.vertices_m(parameters)[vertices])

    def alone(landmarks: Landmarks2D | None) -> np.ndarray:
        if landmarks is None:
            return nowhere
        fit = fit_landmarks(landmarks, track.camera, identity=track.identity, context=context)
        return shown(fit.parameters, fit.camera) if fit.status.usable else nowhere

    seen = [frame.raw_landmarks for frame in frames]
    landmarks_px = np.stack([nowhere if one is None else np.asarray(one.points_px, float) for one in seen])
    still = still_frames(landmarks_px, slowest=slowest)
    alone_px = np.full_like(landmarks_px, np.nan)
    # Jitter looks at a few frames on either side.
    for index in np.flatnonzero(_spread(still, _WINDOW // 2 + 1)):
        alone_px[index] = alone(seen[index])
    realtime_px = np.stack([shown(frame.parameters, frame.camera) for frame in frames])
    found = [track.parameters(index) if good else None for index, good in enumerate(track.tracked)]
    offline_px = np.stack([shown(parameters, track.camera) for parameters in found])
    for points_px in (alone_px, realtime_px, offline_px):
        still &= np.isfinite(_change_px(points_px)).all(axis=(1, 2))
    if not still.any():
        raise InputError(
            f"the face is nowhere still for {2 * _WINDOW} frames; choose a calmer clip or raise slowest",
            source=source,
        )
    return StillFaceJitter(
        frames=int(still.sum()),
        landmarks_px=jitter_px(landmarks_px, still),
        alone_px=jitter_px(alone_px, still),
        realtime_px=jitter_px(realtime_px, still),
        offline_px=jitter_px(offline_px, still),
    )


_WINDOW = 7
"""Frames over which motion is averaged to tell it from jitter: at 30 frames a second, a quarter of one."""


def still_frames(
    points_px: Float[np.ndarray, "frames landmarks 2"], *, slowest: float = 0.02
) -> Bool[np.ndarray, " frames"]:
    """Frames about which landmarks hardly move: averaged over seven changes from frame to frame, and that for
    every one of the seven frames about, so that no motion is near.

    Args:
        points_px: landmarks; NaN where the face is lost.
        slowest: fastest RMS motion that is still, in face radii (RMS) per frame.
    """
    motion_px = _averaged(np.diff(points_px, axis=0, prepend=np.nan))
    speed_px = np.sqrt((motion_px**2).sum(axis=2).mean(axis=1))
    offsets_px = points_px - points_px.mean(axis=1, keepdims=True)
    radius_px = np.sqrt((offsets_px**2).sum(axis=2).mean(axis=1))
    slow = speed_px <= slowest * radius_px
    return ~_spread(~slow, _WINDOW // 2)


def jitter_px(
    points_px: Float[np.ndarray, "frames landmarks 2"], frames: Bool[np.ndarray, " frames"]
) -> float:
    """RMS change from frame to frame, beyond the mean change of seven frames about, over some frames.

    So a face that drifts evenly does not jitter, and what is lost by lagging behind is no gain here.
    """
    return float(np.sqrt((_change_px(points_px)[frames] ** 2).sum(axis=2).mean()))


def _change_px(points_px: np.ndarray) -> np.ndarray:
    change_px = np.diff(points_px, axis=0, prepend=np.nan)
    return change_px - _averaged(change_px)


def _averaged(values: np.ndarray) -> np.ndarray:
    """(F, ...) centred mean over `_WINDOW` frames; NaN where one of them is missing."""
    averaged = np.full_like(values, np.nan)
    if len(values) >= _WINDOW:
        windows = np.lib.stride_tricks.sliding_window_view(values, _WINDOW, axis=0)
        half = _WINDOW // 2
        averaged[half : len(values) - half] = windows.mean(axis=-1)
    return averaged


def _spread(mask: np.ndarray, reach: int) -> np.ndarray:
    """The mask's frames and so many on either side."""
    return np.convolve(mask, np.ones(2 * reach + 1))[reach : reach + len(mask)] > 0.5


def still_portrait(
    photo: UInt8[np.ndarray, "height width 3"],
    *,
    count: int = 90,
    noise: float = 5.0,
    jpeg_quality: int = 70,
    seed: int = 0,
) -> list[UInt8[np.ndarray, "height width 3"]]:
    """A clip in which nothing moves: one photo with fresh sensor noise and compression in every frame.

    Args:
        noise: deviation of the noise, grey levels (0–255).
        jpeg_quality: 1 … 100.
    """
    import cv2

    rng = np.random.default_rng(seed)
    frames = []
    for _ in range(count):
        noisy = np.clip(photo + noise * rng.standard_normal(photo.shape, dtype=np.float32), 0, 255)
        _, data = cv2.imencode(
            ".jpg", noisy.astype(np.uint8)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality]
        )
        decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert decoded is not None
        frames.append(np.ascontiguousarray(decoded[..., ::-1]))
    return frames
