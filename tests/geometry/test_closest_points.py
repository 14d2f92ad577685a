"""Closest points against dense sampling."""

from __future__ import annotations

import numpy as np

from mien.geometry.closest_points import closest_on_surface
from mien.geometry.normals import vertex_normals
from tests.toy_head import toy_head


def test_no_sample_of_the_surface_is_closer():
    head = toy_head()
    rng = np.random.default_rng(0)
    queries_m = rng.normal(size=(50, 3)) * 0.1
    found = closest_on_surface(queries_m, head.mean_m, head.triangles)
    weights = rng.dirichlet(np.ones(3), size=200)
    samples_m = np.einsum("sk,tkc->stc", weights, head.mean_m[head.triangles]).reshape(-1, 3)
    nearest = np.array([np.linalg.norm(samples_m - q, axis=1).min() for q in queries_m])
    assert (found.distances_m <= nearest + 1e-9).all()
    assert (nearest - found.distances_m).max() < 0.004
    assert (found.barycentric >= -1e-12).all()
    np.testing.assert_allclose(found.barycentric.sum(axis=1), 1)
    on_triangle = np.einsum("nk,nkc->nc", found.barycentric, head.mean_m[head.triangles[found.triangles]])
    np.testing.assert_allclose(on_triangle, found.points_m, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(queries_m - found.points_m, axis=1), found.distances_m)


def test_vertices_are_found_and_normals_pick_the_side():
    head = toy_head()
    normals = vertex_normals(head.mean_m, head.triangles)
    some = np.arange(0, 380, 7)
    found = closest_on_surface(head.mean_m[some], head.mean_m, head.triangles, query_normals=normals[some])
    np.testing.assert_allclose(found.distances_m, 0, atol=1e-12)
    # two parallel squares 1 mm apart that face away from each other
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], float)
    vertices = np.concatenate([square, square - [0, 0, 0.001]])
    triangles = np.array([[0, 1, 2], [0, 2, 3], [4, 6, 5], [4, 7, 6]])
    query, down = np.array([[0.5, 0.4, 0.0003]]), np.array([[0.0, 0.0, -1.0]])
    assert closest_on_surface(query, vertices, triangles).triangles[0] < 2
    assert closest_on_surface(query, vertices, triangles, query_normals=down).triangles[0] >= 2
