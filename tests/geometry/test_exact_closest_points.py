"""Exact closest points, against every triangle."""

from __future__ import annotations

import numpy as np
import pytest

from mien.geometry.closest_points import _closest_barycentric, closest_on_surface
from mien.geometry.exact_closest_points import exact_closest_on_surface


def _by_hand(queries_m: np.ndarray, vertices_m: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    a, b, c = (vertices_m[triangles[:, corner]][None] for corner in range(3))
    weights = _closest_barycentric(queries_m[:, None], a, b, c)
    points_m = weights[..., :1] * a + weights[..., 1:2] * b + weights[..., 2:] * c
    return np.linalg.norm(points_m - queries_m[:, None], axis=2).min(axis=1)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_triangles_of_all_sizes(seed):
    rng = np.random.default_rng(seed)
    centres_m = rng.uniform(-1, 1, (300, 1, 3))
    sizes_m = 10.0 ** rng.uniform(-3, 0.3, (300, 1, 1))
    vertices_m = (centres_m + sizes_m * rng.normal(size=(300, 3, 3))).reshape(-1, 3)
    triangles = np.arange(900).reshape(-1, 3)
    queries_m = rng.uniform(-2, 2, (200, 3))
    found = exact_closest_on_surface(queries_m, vertices_m, triangles)
    np.testing.assert_allclose(found.distances_m, _by_hand(queries_m, vertices_m, triangles), atol=1e-12)
    np.testing.assert_allclose(
        np.linalg.norm(found.points_m - queries_m, axis=1), found.distances_m, atol=1e-12
    )


def test_a_huge_triangle_behind_many_small_ones_is_not_missed():
    """The small triangles' centres are all nearer than the huge one's, but its surface is nearest."""
    small = np.array([[0.0, 0, 0], [0.001, 0, 0], [0, 0.001, 0]])
    vertices_m = np.concatenate([small + [0.01 * k, 0, 0.1] for k in range(60)] + [[[-9, -9, 0], [9, -9, 0],
                                [0, 20, 0.0]]])  # fmt: skip
    triangles = np.arange(len(vertices_m)).reshape(-1, 3)
    queries_m = np.array([[0.3, 0.0, 0.02]])
    assert closest_on_surface(queries_m, vertices_m, triangles).distances_m[0] > 0.07
    assert exact_closest_on_surface(queries_m, vertices_m, triangles).distances_m[0] == pytest.approx(0.02)
