"""Points on triangles are as dense as asked for and lie evenly."""

from __future__ import annotations

import numpy as np

from mien.geometry.triangle_lattice import triangle_lattice


def test_every_small_triangle_has_its_middle():
    corners_m = np.random.default_rng(0).normal(size=(5, 3, 3))
    corners_m[3] *= 0.1
    triangle, weights = triangle_lattice(corners_m, 0.3)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert (weights > 0).all()
    for index, corners in enumerate(corners_m):
        side_m = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1).max()
        own = weights[triangle == index]
        assert len(own) == np.ceil(side_m / 0.3) ** 2
        assert len(np.unique(own.round(9), axis=0)) == len(own)
        np.testing.assert_allclose(own.mean(axis=0), 1 / 3)


def test_a_side_is_cut_into_24_at_most():
    triangle, _ = triangle_lattice(np.eye(3)[None], 1e-4)
    assert len(triangle) == 24**2
