"""What a tracker does with landmarks that jitter: still faces must stay still, blinks must stay blinks.

clip = still_portrait(mien.read_image("portrait.jpg"))    # or a video's path
still_face_jitter(clip).realtime_ratio                     # below 0.5: less than half the jitter
blink_amplitude(blinking_clip(head)).of_truth              # above 0.9: nine tenths of a blink are kept
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, UInt8

from mien.cameras import Camera
from mien.errors import InputError
from mien.fitting.photo import fit_landmarks
from mien.fitting.realtime import DEFAULT_OPTIONS, TrackedFrame, Tracker, TrackerOptions, TrackingLandmarker
from mien.fitting.results import HeadTrack
from mien.fitting.track import read_pictures, refit
from mien.fitting.weights import DEFAULT_WEIGHTS, FitWeights
from mien.heads.landmark_sets import LID_PAIRS
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D


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
    landmarker: TrackingLandmarker | None = None,
    head: Head | None = None,
    weights: FitWeights = DEFAULT_WEIGHTS,
    options: TrackerOptions = DEFAULT_OPTIONS,
    slowest: float = 0.02,
    max_frames: int | None = None,
) -> StillFaceJitter:
    """Follow one face through a clip and compare its jitter with that of frames fitted one by one.

    The same landmarks, identity and camera serve both, so what differs is the use of time alone. The frames
    compared are those of `still_frames`.

    Args:
        video: a file, or (H, W, 3) uint8 RGB pictures.
        landmarker, head: the built-in ones when None.
        slowest: see `still_frames`.

    Raises:
        InputError: the video is missing, or shows no still face.
    """
    tracker = Tracker(landmarker=landmarker, head=head, weights=weights, options=options)
    pictures, rate, _ = read_pictures(video, 30.0, max_frames)
    frames = []
    for time_s, image in pictures:
        frames.append(tracker.update(image, time_s))
    source = str(video) if isinstance(video, str | Path) else None
    if tracker.camera is None:
        raise InputError(
            "no frame shows a face; choose a clip with a face of 60 pixels or more", source=source
        )
    track = refit(frames, tracker, fallback=tracker.camera, frames_per_second=rate)
    return _compared(frames, tracker, track, slowest=slowest, source=source)


def _compared(
    frames: list[TrackedFrame], tracker: Tracker, track: HeadTrack, *, slowest: float, source: str | None
) -> StillFaceJitter:
    head, vertices = tracker.head, tracker.head.landmark_set(track.set_name).vertices

    def shown(parameters: HeadParameters | None, camera: Camera | None) -> np.ndarray:
        if parameters is None or camera is None:
            return np.full((len(vertices), 2), np.nan)
        return camera.project(head.vertices_m(parameters)[vertices])

    def alone(landmarks: Landmarks2D | None) -> np.ndarray:
        if landmarks is None:
            return shown(None, None)
        fit = fit_landmarks(
            landmarks, camera=track.camera, head=head, identity=track.identity, weights=tracker.weights
        )
        return shown(fit.parameters, fit.camera) if fit.status.usable else shown(None, None)

    seen = [frame.landmarks for frame in frames]
    nowhere = np.full((len(vertices), 2), np.nan)
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


@dataclass(frozen=True)
class BlinkClip:
    """Landmarks of a face that blinks, and the truth.

    Attributes:
        landmarks: per frame, with noise.
        truths: per frame, what made them.
        camera: of all frames.
        blinks: frames in which a blink is fully closed.
        frames_per_second: their rate.
    """

    landmarks: tuple[Landmarks2D, ...]
    truths: tuple[HeadParameters, ...]
    camera: Camera
    blinks: tuple[int, ...]
    frames_per_second: float = 30.0


_BLINKS = ((0.5, 1.0, 0.7, 0.4, 0.15), (0.3, 0.8, 1.0, 0.9, 0.55, 0.3, 0.1))
"""How closed lids are in the frames of a quick and of an ordinary blink at 30 frames a second: lids close in
70 to 100 ms and take about twice as long to open."""
_BLINK_EVERY = 30


def blinking_clip(
    head: Head,
    *,
    count: int = 240,
    set_name: str = "dense320",
    sigma: float = 0.05,
    jitter: float = 0.25,
    persistence: float = 0.5,
    seed: int = 0,
) -> BlinkClip:
    """Landmarks of the head itself, which sways and blinks once a second: no network takes part.

    The noise is what a network's would be: the same for neighbouring landmarks, partly their own, correlated
    from frame to frame, and smaller than the deviations that the network states.

    Args:
        sigma: stated deviation of every landmark, in face radii.
        jitter: deviation of the noise, in stated deviations.
        persistence: correlation of the noise of one frame with the next.
    """
    rng = np.random.default_rng(seed)
    camera = Camera.from_focal(
        900.0, width_px=640, height_px=480, camera_from_world=np.diag([1.0, -1.0, -1.0, 1.0])
    )
    vertices = head.landmark_set(set_name).vertices
    places_m = head.mean_m[vertices]
    blinks, closed = [], np.zeros(count)
    for start in range(_BLINK_EVERY // 2, count - _BLINK_EVERY // 2, _BLINK_EVERY):
        shape = _BLINKS[len(blinks) % len(_BLINKS)]
        closed[start : start + len(shape)] = shape
        blinks.append(start + int(np.argmax(shape)))
    lids = [head.expression_names.index(name) for name in ("eyeBlinkLeft", "eyeBlinkRight")]
    identity = 0.7 * rng.normal(size=head.identity_count)
    phases = rng.uniform(0, 2 * np.pi, size=6)
    truths, landmarks = [], []
    noise = _noise(rng, places_m)
    for index in range(count):
        expression = np.zeros(head.expression_count)
        expression[lids] = closed[index]
        sway = np.sin(2 * np.pi * 0.3 * index / 30.0 + phases)
        truth = replace(
            head.neutral(),
            identity=identity,
            expression=expression,
            root_rotation=0.04 * sway[:3],
            root_translation_m=np.array([0.0, 0.0, -0.6]) + 0.004 * sway[3:],
        )
        exact = Landmarks2D(
            camera.project(head.vertices_m(truth)[vertices]), np.ones(len(vertices)), set_name
        )
        sigma_px = sigma * exact.radius_px
        points_px = exact.points_px + jitter * sigma_px * noise
        landmarks.append(replace(exact, points_px=points_px, sigma_px=np.full(len(vertices), sigma_px)))
        truths.append(truth)
        noise = persistence * noise + np.sqrt(1 - persistence**2) * _noise(rng, places_m)
    return BlinkClip(tuple(landmarks), tuple(truths), camera, tuple(blinks))


_SHARED_WITHIN_M, _OWN_SHARE = 0.03, 0.25


def _noise(rng: np.random.Generator, places_m: np.ndarray) -> Float[np.ndarray, "landmarks 2"]:
    """Unit noise: waves over the face of a few centimetres, and a share of each landmark's own."""
    waves = rng.normal(size=(3, 24)) / _SHARED_WITHIN_M
    phases, amplitudes = rng.uniform(0, 2 * np.pi, size=24), rng.normal(size=(24, 2))
    shared = np.sqrt(2 / 24) * np.cos(places_m @ waves + phases) @ amplitudes
    own = rng.normal(size=(len(places_m), 2))
    return np.sqrt(1 - _OWN_SHARE) * shared + np.sqrt(_OWN_SHARE) * own


@dataclass(frozen=True)
class BlinkAmplitude:
    """How much of each blink is left, as shares of the change of the gap between the lids (NaN: lost).

    Attributes:
        realtime, offline: (blinks,) of the tracker and of the finished track, over the truth's.
        alone: (blinks,) when the frame is fitted by itself, over the truth's: what priors leave of a blink.
        lag_frames: (blinks,) frames by which the tracker's lids are closed later than the true ones.
    """

    realtime: Float[np.ndarray, " blinks"]
    offline: Float[np.ndarray, " blinks"]
    alone: Float[np.ndarray, " blinks"]
    lag_frames: Float[np.ndarray, " blinks"]

    @property
    def of_truth(self) -> float:
        """Mean share that the tracker keeps of the true amplitude."""
        return float(np.mean(self.realtime))

    @property
    def of_alone(self) -> float:
        """Mean share that the tracker keeps of what fitting each frame alone finds."""
        return float(np.mean(self.realtime) / np.mean(self.alone))


def blink_amplitude(
    clip: BlinkClip,
    *,
    head: Head,
    weights: FitWeights = DEFAULT_WEIGHTS,
    options: TrackerOptions = DEFAULT_OPTIONS,
) -> BlinkAmplitude:
    """Track a clip and see how far its blinks are closed.

    Raises:
        InputError: the head has no set that names lids.
    """
    tracker = Tracker(
        landmarker=_NoLandmarker(), head=head, camera=clip.camera, weights=weights, options=options
    )
    picture = np.zeros((clip.camera.height_px, clip.camera.width_px, 3), np.uint8)
    rate = clip.frames_per_second
    frames = [tracker.observe(one, picture, index / rate) for index, one in enumerate(clip.landmarks)]
    track = refit(frames, tracker, fallback=clip.camera, frames_per_second=rate)
    true_m = lid_gaps_m(head, clip.truths)
    realtime_m = lid_gaps_m(head, [frame.parameters for frame in frames])
    offline_m = lid_gaps_m(
        head, [track.parameters(index) if good else None for index, good in enumerate(track.tracked)]
    )
    alone_m = np.full_like(true_m, np.nan)
    for index in {frame for blink in clip.blinks for frame in (blink, *_rest(blink)[::3])}:
        fit = fit_landmarks(
            clip.landmarks[index], camera=clip.camera, head=head, identity=track.identity, weights=weights
        )
        alone_m[index] = lid_gaps_m(head, [fit.parameters])[0]

    def share(gaps_m: np.ndarray, blink: int, near: int) -> float:
        closed = slice(blink - near, blink + near + 1)
        change_m = np.nanmedian(gaps_m[_rest(blink)]) - np.min(gaps_m[closed])
        return float(change_m / (np.median(true_m[_rest(blink)]) - true_m[blink]))

    def lag(blink: int) -> float:
        return float(np.argmin(realtime_m[blink - 3 : blink + 4]) - 3)

    return BlinkAmplitude(
        realtime=np.array([share(realtime_m, blink, 1) for blink in clip.blinks]),
        offline=np.array([share(offline_m, blink, 1) for blink in clip.blinks]),
        alone=np.array([share(alone_m, blink, 0) for blink in clip.blinks]),
        lag_frames=np.array([lag(blink) for blink in clip.blinks]),
    )


def _rest(blink: int) -> np.ndarray:
    """Frames before a blink in which the eyes are open."""
    return np.arange(blink - 12, blink - 4)


def lid_gaps_m(head: Head, parameters: Iterable[HeadParameters | None]) -> Float[np.ndarray, " frames"]:
    """Mean distance of upper from lower lids' margins on a head, metres; NaN for None.

    Raises:
        InputError: the head has no set that names lids.
    """
    for name, pairs in LID_PAIRS.items():
        if name in head.landmark_sets:
            upper, lower = head.landmark_sets[name].vertices[np.array(pairs)].T
            break
    else:
        raise InputError(f"this head has no landmark set that names lids, one of {', '.join(LID_PAIRS)}")
    gaps_m = []
    for one in parameters:
        if one is None:
            gaps_m.append(np.nan)
            continue
        vertices_m = head.vertices_m(one)
        gaps_m.append(float(np.linalg.norm(vertices_m[upper] - vertices_m[lower], axis=1).mean()))
    return np.array(gaps_m)


class _NoLandmarker:
    """Stands in where landmarks are given."""

    def __call__(self, image: np.ndarray) -> list[Landmarks2D]:
        raise AssertionError("landmarks are given")

    def track(self, image: np.ndarray, previous: Landmarks2D) -> Landmarks2D | None:
        raise AssertionError("landmarks are given")
