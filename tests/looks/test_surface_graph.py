"""Smooth fields over the mesh."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mien.looks.surface_graph import smooth_field


def test_known_values_stay_and_unknown_ones_lie_between(head):
    height = head.mean_m[:, 1:2] / 0.1
    rng = np.random.default_rng(0)
    known = (rng.random(head.vertex_count) < 0.5).astype(float)
    field = smooth_field(head, height, 100 * known, stiffness=1.0, prior_weight=0.0, iterations=300)
    used = np.isin(np.arange(head.vertex_count), head.triangles)
    skin = used & (head.vertex_parts == 0)
    assert np.abs(field - height)[skin & (known > 0)].max() < 0.05
    assert np.abs(field - height)[skin & (known == 0)].mean() < 0.05


def test_far_from_what_is_known_the_field_fades(head):
    nose = head.landmark_set("ibug68").vertices[30]
    weights = np.zeros(head.vertex_count)
    weights[nose] = 100
    values = np.ones((head.vertex_count, 2))
    field = smooth_field(head, values, weights, stiffness=1.0, prior_weight=0.01, iterations=200)
    back = int(np.argmin(head.mean_m[:, 2] * (head.vertex_parts == 0)))
    assert field[nose, 0] > 0.9
    assert abs(field[back, 0]) < 0.03
    assert field.max() <= 1 + 1e-6


def test_loose_vertices_stay_at_zero(head):
    loose = replace(head, triangles=head.triangles[:100], uv_triangles=head.uv_triangles[:100])
    weights = np.zeros(head.vertex_count)
    weights[head.triangles[0, 0]] = 1
    field = smooth_field(
        loose, np.ones((head.vertex_count, 1)), weights, stiffness=1.0, prior_weight=0.0, iterations=50
    )
    assert np.isfinite(field).all()
    assert field[np.setdiff1d(np.arange(head.vertex_count), loose.triangles)].max() == 0
