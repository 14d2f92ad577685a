"""Affine displacements are told from points that move."""

from __future__ import annotations

import numpy as np
import pytest

from mien.geometry.rotations import matrix_from_rotation_vector
from mien.head_building.jaw import AffineMotion


def points(rng: np.random.Generator) -> np.ndarray:
    return 0.03 * rng.normal(size=(40, 3)) + [0.01, -0.05, 0.08]


def test_an_affine_displacement_is_recovered():
    rng = np.random.default_rng(0)
    places = points(rng)
    matrix, offset = 0.2 * rng.normal(size=(3, 3)), rng.normal(size=3)
    found = AffineMotion.of(places, places @ matrix.T + offset)
    np.testing.assert_allclose(found.matrix, matrix, atol=1e-9)
    np.testing.assert_allclose(found.offset_m, offset, atol=1e-9)
    others = points(rng)
    np.testing.assert_allclose(found.at(others), others @ matrix.T + offset, atol=1e-9)


def test_several_at_once():
    rng = np.random.default_rng(1)
    places, moves = points(rng), rng.normal(size=(5, 40, 3))
    together = AffineMotion.of(places, moves)
    assert together.matrix.shape == (5, 3, 3)
    for row, move in enumerate(moves):
        np.testing.assert_allclose(together.at(places)[row], AffineMotion.of(places, move).at(places))


def test_small_turns_and_growth_are_recovered_from_points_that_lie_flat():
    rng = np.random.default_rng(2)
    places = points(rng) * [1, 1e-3, 1]
    small = matrix_from_rotation_vector(1e-6 * np.array([3.0, -1.0, 2.0])) - np.eye(3)
    matrix, offset = small + 2e-6 * np.eye(3), np.array([1e-6, 0, -2e-6])
    found = AffineMotion.similar(places, places @ matrix.T + offset)
    np.testing.assert_allclose(found.matrix, matrix, atol=1e-11)
    np.testing.assert_allclose(found.at(places), places @ matrix.T + offset, atol=1e-11)


@pytest.mark.parametrize("way", [AffineMotion.of, AffineMotion.similar])
def test_a_shift_is_a_shift(way):
    places = points(np.random.default_rng(3))
    found = way(places, np.tile([0.001, -0.002, 0.003], (40, 1)))
    np.testing.assert_allclose(found.matrix, 0, atol=1e-12)
    np.testing.assert_allclose(found.at(np.zeros((1, 3))), [[0.001, -0.002, 0.003]], atol=1e-12)
