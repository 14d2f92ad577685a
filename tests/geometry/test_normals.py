"""Vertex normals point outwards and have length one."""

from __future__ import annotations

import numpy as np
import trimesh

from mien.geometry.normals import vertex_normals


def test_normals_of_a_ball_are_its_directions():
    ball = trimesh.creation.icosphere(subdivisions=3, radius=0.1)
    normals = vertex_normals(np.asarray(ball.vertices), np.asarray(ball.faces))
    directions = np.asarray(ball.vertices) / 0.1
    assert np.min(np.sum(normals * directions, axis=1)) > 0.999


def test_vertices_without_a_triangle_still_get_a_unit_normal():
    vertices_m = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [5, 5, 5]])
    normals = vertex_normals(vertices_m, np.array([[0, 1, 2]]))
    np.testing.assert_allclose(normals, np.tile([0.0, 0, 1], (4, 1)))
