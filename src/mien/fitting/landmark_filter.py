"""Landmarks through time with less jitter and no lag: still points are averaged, moving ones followed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from mien.fitting.terms.landmarks import face_radius_px
from mien.geometry.alignment import align_similarity
from mien.landmarks.types import Landmarks2D


@dataclass(frozen=True)
class FilterOptions:
    """How strongly and when landmarks are averaged over time."""

    still_gain: float = 0.2
    """Share of a new frame in the average of a point that does not move: 0.2 averages about nine frames."""
    noise_from: float = 2.0
    """Innovation, in units of the point's jitter, up to which it counts as noise."""
    motion_from: float = 4.5
    """Innovation from which it counts as motion and is followed at once."""
    first_jitter: float = 0.3
    """Jitter before any has been measured, as a fraction of the landmark's deviation."""
    history_frames: int = 45
    """Frames over which jitter is measured."""
    jump: float = 0.5
    """Shift of the whole face, in face radii, from which the filter starts anew."""


class LandmarkFilter:
    """A filter in the spirit of the one-euro filter (Casiez et al. 2012), in units of measured jitter.

    A face's motion is split in two: the common similarity (head motion), and what remains per landmark
    (expression). Each is believed in so far as it exceeds the jitter, so a blink passes at full amplitude
    while the rest of the face stays still. How much a network's points jitter is measured as it runs, from
    second differences, as a fraction of the deviations that it states.
    """

    def __init__(self, options: FilterOptions | None = None) -> None:
        self.options = options or FilterOptions()
        self.reset()

    def reset(self) -> None:
        """Forget the past, after a cut or a loss; the measured jitter stays."""
        self._filtered_px: np.ndarray | None = None
        self._last_raw: deque[np.ndarray] = deque(maxlen=2)
        if not hasattr(self, "_jitters"):
            self._jitters: deque[float] = deque(maxlen=self.options.history_frames)

    @property
    def jitter(self) -> float:
        """Measured jitter over the stated deviation. A low percentile, since motion only ever adds to it."""
        if len(self._jitters) < 3:
            return self.options.first_jitter
        return float(np.clip(np.percentile(self._jitters, 35), 1e-4, 1.0))

    def __call__(self, landmarks: Landmarks2D) -> Landmarks2D:
        """The next frame's landmarks, filtered."""
        raw_px = np.asarray(landmarks.points_px, float)
        self._measure_jitter(raw_px, landmarks.sigma_px)
        previous_px = self._filtered_px
        if previous_px is None or len(previous_px) != len(raw_px):
            self._filtered_px = raw_px
            return landmarks
        noise_px = np.maximum(self.jitter * landmarks.sigma_px, 1e-6)
        weights = 1 / noise_px**2
        common = align_similarity(previous_px, raw_px, weights=weights).apply(previous_px) - previous_px
        shift_px = float(np.sqrt((common**2).sum(axis=1).mean()))
        if shift_px > self.options.jump * face_radius_px(landmarks):
            self.reset()
            self._last_raw.append(raw_px)
            self._filtered_px = raw_px
            return landmarks
        # Neighbours jitter together, so the common motion is not √L times surer than one point; twice is.
        typical_px = float(np.median(noise_px))
        predicted_px = previous_px + self._gain(np.array([shift_px / (0.5 * typical_px)])) * common
        innovation_px = raw_px - predicted_px
        gain = self._gain(np.sqrt((innovation_px**2).sum(axis=1)) / noise_px)
        self._filtered_px = predicted_px + gain[:, None] * innovation_px
        return replace(landmarks, points_px=self._filtered_px)

    def _gain(self, motion: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        options = self.options
        ramp = np.clip((motion - options.noise_from) / (options.motion_from - options.noise_from), 0, 1)
        return options.still_gain + (1 - options.still_gain) * ramp**2 * (3 - 2 * ramp)

    def _measure_jitter(self, raw_px: np.ndarray, sigma_px: np.ndarray) -> None:
        if len(self._last_raw) == 2 and self._last_raw[0].shape == raw_px.shape:
            second = (raw_px - 2 * self._last_raw[1] + self._last_raw[0]) / np.sqrt(6)
            lengths = np.sqrt((second**2).sum(axis=1)) / sigma_px
            # The median length of a 2D Gaussian is 1.177 of its deviation.
            self._jitters.append(float(np.median(lengths)) / 1.177)
        self._last_raw.append(raw_px)


def smooth_both_ways(
    frames: list[Landmarks2D], options: FilterOptions | None = None
) -> list[Float[np.ndarray, "landmarks 2"]]:
    """Points of consecutive frames filtered forwards and backwards and averaged: no lag remains.

    Args:
        frames: one face in frames without a gap.
    """
    forward, backward = LandmarkFilter(options), LandmarkFilter(options)
    # A first pass over the start tells the filter the jitter before it counts.
    for landmarks in frames[: forward.options.history_frames]:
        forward(landmarks)
    forward.reset()
    ahead = [forward(landmarks).points_px for landmarks in frames]
    backward._jitters = forward._jitters.copy()
    back = [backward(landmarks).points_px for landmarks in reversed(frames)][::-1]
    return [(one + other) / 2 for one, other in zip(ahead, back, strict=True)]
