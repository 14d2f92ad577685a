"""Movements of invented faces, of which a known share is followed."""

from __future__ import annotations

import numpy as np
import pytest

from mien.evaluation.tracking.face_movements import (
    FACE_MESH,
    IBUG68,
    MOVEMENTS,
    MovementPoints,
    face_movements,
    following,
)

FRAMES = 120


def face(chosen: MovementPoints, count: int, movements: np.ndarray, *, size: float = 80.0) -> np.ndarray:
    """(F, count, 2) points whose movements are those, turned and moved from frame to frame."""
    lips, width, lids, brows = movements.T
    frames = len(movements)
    points = np.zeros((frames, count, 2))
    points[:, chosen.eyes] = [(-0.5, 0), (-0.2, 0), (0.2, 0), (0.5, 0)]
    for (upper, lower), sign in ((chosen.lips, 1),):
        points[:, upper, 1], points[:, lower, 1] = 0.6 - sign * lips / 2, 0.6 + sign * lips / 2
    points[:, chosen.width[0]] = np.stack([-width / 2, np.full(frames, 0.6)], axis=1)
    points[:, chosen.width[1]] = np.stack([width / 2, np.full(frames, 0.6)], axis=1)
    for index, (upper, lower) in enumerate(chosen.lids):
        side = -0.35 if index < len(chosen.lids) / 2 else 0.35
        points[:, upper] = np.stack([np.full(frames, side), -lids / 2], axis=1)
        points[:, lower] = np.stack([np.full(frames, side), lids / 2], axis=1)
    for brow, side in zip(chosen.brows, (-0.35, 0.35), strict=True):
        for point, beside in zip(brow, (-0.1, 0.15), strict=True):
            points[:, point] = np.stack([np.full(frames, side + beside), -brows], axis=1)
    rng = np.random.default_rng(3)
    factor = size * np.exp(1j * rng.uniform(-0.4, 0.4, (frames, 1)))
    there = (points[..., 0] + 1j * points[..., 1]) * factor + rng.uniform(0, 200, (frames, 1))
    return np.stack([there.real, there.imag], axis=-1)


def moving() -> np.ndarray:
    """(F, 4) of a face that talks, smiles, blinks and frowns, at unrelated times."""
    rng = np.random.default_rng(8)
    return np.array([0.1, 0.6, 0.08, 0.25]) + rng.uniform(-1, 1, (FRAMES, 4)) * [0.1, 0.1, 0.05, 0.06]


@pytest.mark.parametrize(("chosen", "count"), [(IBUG68, 68), (FACE_MESH, 468)])
def test_movements_are_the_same_in_both_sets_whatever_size_and_roll(chosen, count):
    movements = moving()
    for size in (20.0, 300.0):
        assert face_movements(face(chosen, count, movements, size=size), chosen) == pytest.approx(movements)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.2])
def test_the_share_that_is_followed_is_the_slope(share):
    theirs = moving()
    ours = theirs.mean(axis=0) + share * (theirs - theirs.mean(axis=0)) + 0.03
    points = face(IBUG68, 68, ours)
    points[:15] = np.nan  # lost at first
    measured = face_movements(points, IBUG68)
    for index in range(len(MOVEMENTS)):
        figures = following(measured[:, index], theirs[:, index])
        assert figures.frames == FRAMES - 15
        assert figures.slope == pytest.approx(share, abs=1e-9)
        assert figures.spread == pytest.approx(theirs[15:, index].std())
        if share:
            assert figures.correlation == pytest.approx(1)


def test_noise_lowers_the_correlation_and_not_the_slope():
    theirs = np.random.default_rng(2).normal(0, 1, 5000)
    figures = following(0.5 * theirs + np.random.default_rng(3).normal(0, 0.5, 5000), theirs)
    assert figures.slope == pytest.approx(0.5, abs=0.03)
    assert figures.correlation == pytest.approx(np.sqrt(0.5), abs=0.03)


def test_too_few_frames_say_nothing():
    assert np.isnan(following(np.full(200, np.nan), np.zeros(200)).slope)
