"""Timings: statistics, and a synthetic clip that a tracker can follow."""

from __future__ import annotations

import numpy as np
import pytest

from mien.evaluation.speed import Timing, machine, moving_frames
from mien.landmarks.region import Region


def test_timing_statistics():
    timing = Timing.of("fit", [0.001 * value for value in range(1, 102)])
    assert timing.median_ms == pytest.approx(51)
    assert timing.fast_ms == pytest.approx(11)
    assert timing.slow_ms == pytest.approx(91)
    assert timing.count == 101


def test_the_clip_moves_smoothly_around_the_face():
    photo = np.zeros((400, 500, 3), np.uint8)
    photo[190:211, 240:261] = 255
    frames = moving_frames(photo, Region(np.array([250.0, 200.0]), 100.0), count=24, size=120)
    rows, columns = np.mgrid[:120, :120]
    centers = []
    for frame in frames:
        weight = frame[..., 0].astype(float)
        centers.append([(weight * columns).sum() / weight.sum(), (weight * rows).sum() / weight.sum()])
    steps = np.linalg.norm(np.diff(centers, axis=0), axis=1)
    assert 0.2 < steps.mean() < 6
    assert steps.max() < 8
    assert np.abs(np.array(centers) - 59.5).max() < 20


def test_the_machine_has_a_name():
    assert machine()
