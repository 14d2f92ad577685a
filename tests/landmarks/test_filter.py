"""Landmarks averaged over time: without lag, and nearer to the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mien.landmarks.filter import LandmarkFilter, smooth_both_ways
from tests.fitting.conftest import camera, head
from tests.fitting.scenes import exact_landmarks
from tests.tracking.sequences import sequence

__all__ = ["camera", "head"]


def test_filter_follows_motion_without_lag(head, camera):
    frames, _ = sequence(head, camera, count=12, noise_px=0.2)
    moved = [replace(landmarks, points_px=landmarks.points_px + [4.0 * index, 0]) for index, landmarks in
             enumerate(frames)]  # fmt: skip
    keep = LandmarkFilter()
    for landmarks in moved:
        filtered = keep(landmarks)
    lag_px = (moved[-1].points_px - filtered.points_px).mean(axis=0)
    assert abs(lag_px[0]) < 0.2


def test_smoothing_both_ways_is_closer_to_the_truth(head, camera):
    frames, truths = sequence(head, camera, count=30, noise_px=0.5)
    truth_px = exact_landmarks(head, truths[0], camera).points_px
    smoothed = list(smooth_both_ways(frames))

    def error(points):
        return np.sqrt(np.mean([(one - truth_px) ** 2 for one in points[5:-5]]))

    assert error(smoothed) < 0.5 * error([landmarks.points_px for landmarks in frames])
