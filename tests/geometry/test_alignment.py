"""Alignment recovers what was done, ignores what has no weight, and never mirrors."""

from __future__ import annotations

import numpy as np
import pytest

from mien.errors import InputError, ShapeError
from mien.geometry.alignment import Similarity, align_rigid, align_similarity


def random_similarity(dimensions: int, *, seed: int) -> Similarity:
    rng = np.random.default_rng(seed)
    q, _ = np.linalg.qr(rng.normal(size=(dimensions, dimensions)))
    q[:, 0] *= np.sign(np.linalg.det(q))
    return Similarity(float(rng.uniform(0.3, 3)), q, rng.normal(size=dimensions))


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_recovers_a_similarity(dimensions, seed):
    truth = random_similarity(dimensions, seed=seed)
    points = np.random.default_rng(seed).normal(size=(20, dimensions))
    found = align_similarity(points, truth.apply(points))
    np.testing.assert_allclose(found.matrix, truth.matrix, atol=1e-9)
    np.testing.assert_allclose(found.inverse().apply(found.apply(points)), points, atol=1e-9)


def test_rigid_keeps_size():
    truth = random_similarity(3, seed=1)
    points = np.random.default_rng(1).normal(size=(20, 3))
    found = align_rigid(points, truth.apply(points))
    assert found.scale == 1.0
    np.testing.assert_allclose(found.rotation, truth.rotation, atol=1e-9)


def test_weights_of_zero_leave_points_out():
    truth = random_similarity(3, seed=2)
    points = np.random.default_rng(2).normal(size=(20, 3))
    target = truth.apply(points)
    target[:5] += 10
    weights = np.ones(20)
    weights[:5] = 0
    np.testing.assert_allclose(
        align_similarity(points, target, weights=weights).matrix, truth.matrix, atol=1e-9
    )


@pytest.mark.parametrize("dimensions", [2, 3])
def test_never_mirrors(dimensions):
    points = np.random.default_rng(3).normal(size=(20, dimensions))
    mirrored = points * np.r_[-1, np.ones(dimensions - 1)]
    assert np.linalg.det(align_similarity(points, mirrored).rotation) == pytest.approx(1)


def test_bad_input_is_named():
    points = np.zeros((5, 3))
    with pytest.raises(ShapeError):
        align_rigid(points, np.zeros((4, 3)))
    with pytest.raises(InputError, match="coincide"):
        align_similarity(points, points)
    with pytest.raises(InputError, match="at least"):
        align_similarity(np.zeros((1, 2)), np.zeros((1, 2)))
