"""Landmarks through time with less jitter and no lag: still points are averaged, moving ones followed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Complex, Float

from mien.files import RowStore
from mien.landmarks.types import Landmarks2D


@dataclass(frozen=True)
class FilterConfig:
    """How strongly and when landmarks are averaged over time."""

    still_gain: float = 0.2
    """Share of a new frame in the average of a point that does not move: 0.2 averages about nine frames."""
    noise_from: float = 3.0
    """Innovation, in units of the jitter, up to which it counts as noise."""
    motion_from: float = 6.0
    """Innovation from which it counts as motion and is followed at once."""
    first_jitter: float = 0.3
    """Jitter before any has been measured, as a fraction of the landmark's deviation."""
    history_frames: int = 45
    """Frames over which jitter is measured."""
    learning_rate: float = 0.03
    """Relative change per frame of what is known about each landmark's own jitter."""
    jump: float = 0.5
    """Shift of the whole face, in face radii, from which the filter starts anew."""


class LandmarkFilter:
    """A filter in the spirit of the one-euro filter (Casiez et al. 2012), in units of measured jitter.

    A face's motion is split in two: the common similarity (head motion), and what remains per landmark
    (expression). Each is believed in so far as it exceeds its jitter, so a blink passes at full amplitude
    while the rest of the face stays still.
    """

    def __init__(self, options: FilterConfig | None = None, *, jitter: Jitter | None = None) -> None:
        """
        Args:
            jitter: what is known about the landmarks' jitter already; a filter goes on learning it.
        """
        self.options = options or FilterConfig()
        self.jitter = jitter or Jitter(self.options)
        self.reset()

    def reset(self) -> None:
        """Forget the past, after a cut or a loss; the measured jitter stays."""
        self._filtered: np.ndarray | None = None
        self._last_raw: list[np.ndarray] = []

    def __call__(self, landmarks: Landmarks2D) -> Landmarks2D:
        """The next frame's landmarks, filtered."""
        # As complex numbers: a similarity of the plane is then one sum and one product.
        raw = np.asarray(landmarks.points_px, float) @ np.array([1, 1j])
        previous = self._filtered
        if previous is None or len(previous) != len(raw):
            return self._start(landmarks, raw)
        frame = _Frame.of(previous, landmarks)
        shift, turn = frame.common(raw - previous)
        if frame.length_px(shift, turn) > self.options.jump * landmarks.radius_px:
            return self._start(landmarks, raw)
        if len(self._last_raw) == 2:
            # Second differences hold little motion; white noise in them has six times its variance.
            self.jitter.learn((raw - 2 * self._last_raw[1] + self._last_raw[0]) / np.sqrt(6), frame)
        self._last_raw = [*self._last_raw[-1:], raw]
        rest = raw - previous - frame.moved(shift, turn)
        together = self._gain(np.array([frame.length_px(shift, turn) / self.jitter.common_px(frame)]))
        alone = self._gain(np.abs(rest) / self.jitter.single_px(frame))
        self._filtered = filtered = previous + together * frame.moved(shift, turn) + alone * rest
        return replace(landmarks, points_px=np.column_stack([np.real(filtered), np.imag(filtered)]))

    def _start(self, landmarks: Landmarks2D, raw: np.ndarray) -> Landmarks2D:
        self._filtered, self._last_raw = raw, [raw]
        return landmarks

    def _gain(self, motion: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        options = self.options
        ramp = (motion - options.noise_from) / (options.motion_from - options.noise_from)
        ramp = np.minimum(np.maximum(ramp, 0), 1)
        return options.still_gain + (1 - options.still_gain) * ramp**2 * (3 - 2 * ramp)


@dataclass(frozen=True, eq=False)
class _Frame:
    """A face about which motions are told apart.

    Attributes:
        weights: (L,) share of each landmark in the common motion.
        arms: (L,) landmarks relative to their mean.
        spread: (px²) weighted mean of their squared lengths.
        sigma_px: (L,) stated deviations.
        typical_sigma_px: of all landmarks.
    """

    weights: Float[np.ndarray, " landmarks"]
    arms: Complex[np.ndarray, " landmarks"]
    spread: float
    sigma_px: Float[np.ndarray, " landmarks"]
    typical_sigma_px: float

    @staticmethod
    def of(points: np.ndarray, landmarks: Landmarks2D) -> _Frame:
        sigma_px = np.asarray(landmarks.sigma_px, float)
        weights = 1 / sigma_px**2
        total = float(weights.sum())
        weights = weights / total
        arms = points - weights @ points
        spread = float(weights @ (arms.real**2 + arms.imag**2))
        return _Frame(weights, arms, spread, sigma_px, float(np.sqrt(len(points) / total)))

    def common(self, motion: np.ndarray) -> tuple[complex, complex]:
        """Shift, and turn and growth, that explain a motion of all points best."""
        turn = (self.weights * self.arms.conj()) @ motion / max(self.spread, 1e-12)
        return complex(self.weights @ motion), complex(turn)

    def moved(self, shift: complex, turn: complex) -> np.ndarray:
        return shift + turn * self.arms

    def length_px(self, shift: complex, turn: complex) -> float:
        """RMS motion of the points."""
        return float(np.sqrt(abs(shift) ** 2 + abs(turn) ** 2 * self.spread))


class Jitter:
    """How much a network's landmarks jitter, measured as it runs, as a fraction of the deviations it states.

    Motion only ever adds to what is measured, so low percentiles over the last frames are taken.
    """

    def __init__(self, options: FilterConfig) -> None:
        self._options = options
        self._common: deque[float] = deque(maxlen=options.history_frames)
        self._single: deque[float] = deque(maxlen=options.history_frames)
        self._of_each: np.ndarray = np.ones(0)

    def learn(self, noise: Complex[np.ndarray, " landmarks"], frame: _Frame) -> None:
        """Take in one frame's noise, pixels."""
        if len(self._of_each) != len(noise):
            self._of_each = np.ones(len(noise))
        shift, turn = frame.common(noise)
        self._common.append(frame.length_px(shift, turn) / frame.typical_sigma_px)
        # The median length of a 2D Gaussian is 1.177 of its deviation.
        lengths = np.abs(noise - frame.moved(shift, turn)) / (1.177 * frame.sigma_px)
        middle = len(lengths) // 2
        self._single.append(float(np.partition(lengths, middle)[middle]))
        # Each landmark's own share creeps towards its median; expressions move it little.
        more = lengths > self._of_each * self._low(self._single, self._single[-1])
        factor = np.where(more, 1 + self._options.learning_rate, 1 / (1 + self._options.learning_rate))
        self._of_each = np.minimum(np.maximum(self._of_each * factor, 0.5), 3.0)

    def common_px(self, frame: _Frame) -> float:
        """Deviation of the common motion."""
        return max(self._low(self._common, 0.5 * self._options.first_jitter) * frame.typical_sigma_px, 1e-6)

    def single_px(self, frame: _Frame) -> Float[np.ndarray, " landmarks"]:
        """Deviation of each landmark about the common motion."""
        jitter_px = self._low(self._single, self._options.first_jitter) * frame.sigma_px
        if len(self._of_each) == len(jitter_px):
            jitter_px = jitter_px * self._of_each
        return np.maximum(jitter_px, 1e-6)

    @staticmethod
    def _low(history: deque[float], first: float) -> float:
        if len(history) < 3:
            return first
        return min(max(sorted(history)[int(0.35 * len(history))], 1e-4), 1.0)


def smooth_both_ways(
    frames: Sequence[Landmarks2D], options: FilterConfig | None = None, *, folder: Path | None = None
) -> Iterator[Float[np.ndarray, "landmarks 2"]]:
    """Points of consecutive frames filtered forwards and backwards and averaged: no lag remains.

    Frames are taken one at a time, and what is smoothed of many lies on the disk.

    Args:
        frames: one face in frames without a gap.
        folder: for temporary files; the system's place when None.
    """
    if not len(frames):
        return
    forward = LandmarkFilter(options)
    # A first pass over the start tells the filter the jitter before it counts.
    for index in range(min(len(frames), forward.options.history_frames)):
        forward(frames[index])
    forward.reset()
    points_px = RowStore((len(frames[0]), 2), float, folder=folder)
    try:
        for index in range(len(frames)):
            points_px.append(forward(frames[index]).points_px)
        backward = LandmarkFilter(options, jitter=forward.jitter)
        for index in reversed(range(len(frames))):
            points_px[index] = (points_px[index] + backward(frames[index]).points_px) / 2
        for index in range(len(frames)):
            yield points_px[index]
    finally:
        points_px.close()
