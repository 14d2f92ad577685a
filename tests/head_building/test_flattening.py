"""Flattening: derivatives are right, a flat sheet stays as it is, a cap stretches little, nothing flips."""

from __future__ import annotations

import numpy as np
import pytest

from mien.errors import InputError
from mien.head_building.flattening import (
    FlatTriangles,
    _Stretch,
    in_own_plane,
    least_stretch,
    signed_areas,
    tutte_embedding,
)
from mien.head_building.mesh_disks import boundary_loops, polygon_edges, split_quads

N = 9


def sheet() -> tuple[np.ndarray, np.ndarray]:
    """A square of quads in the plane, 0.8 on a side."""
    x, y = np.meshgrid(np.arange(N), np.arange(N), indexing="ij")
    index = np.arange(N * N).reshape(N, N)
    quads = np.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], axis=-1).reshape(-1, 4)
    return np.stack([x.ravel(), y.ravel(), np.zeros(N * N)], axis=1) / 10, quads


def flattened(vertices: np.ndarray, quads: np.ndarray) -> tuple[np.ndarray, FlatTriangles, np.ndarray]:
    loop = boundary_loops(quads)[0]
    turn = np.arange(len(loop)) * 2 * np.pi / len(loop)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    start = tutte_embedding(polygon_edges(quads), loop, circle, len(vertices))
    triangles, _ = split_quads(quads)
    flat = FlatTriangles(triangles, in_own_plane(vertices, triangles), np.ones(len(triangles)))
    return start, flat, least_stretch(start, flat, on_axis=np.zeros(len(vertices), bool))


def test_gradient_and_hessian():
    vertices, quads = sheet()
    triangles, _ = split_quads(quads)
    flat = FlatTriangles(triangles, in_own_plane(vertices, triangles), np.ones(len(triangles)))
    problem = _Stretch.of(flat)
    rng = np.random.default_rng(0)
    x = vertices[:, :2] * [1.2, 1.1] + 0.002 * rng.normal(size=(N * N, 2))
    gradient, hessian = problem.derivatives(x)
    step = 1e-6
    for _ in range(5):
        direction = rng.normal(size=x.shape)
        ahead, behind = x + step * direction, x - step * direction
        slope = (problem.energy(ahead) - problem.energy(behind)) / (2 * step)
        assert gradient @ direction.ravel() == pytest.approx(slope, rel=1e-6)
        change = (problem.derivatives(ahead)[0] - problem.derivatives(behind)[0]) / (2 * step)
        # Near rest all eigenvalues are positive, so nothing was cut off.
        np.testing.assert_allclose(hessian @ direction.ravel(), change, atol=1e-5 * np.abs(change).max())


def test_a_flat_sheet_keeps_its_lengths():
    vertices, quads = sheet()
    _, _, uv = flattened(vertices, quads)
    edges = polygon_edges(quads)
    lengths = np.linalg.norm(uv[edges[:, 0]] - uv[edges[:, 1]], axis=1)
    np.testing.assert_allclose(lengths, 0.1, rtol=2e-3)


def test_a_steep_cap_flips_nothing_and_stretches_less_than_tuttes():
    vertices, quads = sheet()
    middle = vertices[:, :2] - 0.4
    vertices[:, 2] = 1.2 * np.exp(-np.sum(middle**2, axis=1) / 0.05)
    start, flat, uv = flattened(vertices, quads)
    assert (signed_areas(uv, flat.triangles) > 0).all()
    problem = _Stretch.of(flat)
    assert problem.energy(uv) < 0.85 * problem.energy(start * problem.best_scale(start))
    gradient, _ = problem.derivatives(uv)
    assert np.abs(gradient).max() < 0.02


def test_the_axis_is_kept():
    vertices, quads = sheet()
    loop = boundary_loops(quads)[0]
    start = vertices[:, :2] * [0.5, 2]
    triangles, _ = split_quads(quads)
    flat = FlatTriangles(triangles, in_own_plane(vertices, triangles), np.ones(len(triangles)))
    on_axis = vertices[:, 0] == 0
    uv = least_stretch(start, flat, on_axis=on_axis)
    assert np.abs(uv[on_axis, 0]).max() == 0
    np.testing.assert_allclose(np.ptp(uv[loop], axis=0), 0.8, rtol=0.01)


def test_a_flipped_start_is_refused():
    vertices, quads = sheet()
    triangles, _ = split_quads(quads)
    flat = FlatTriangles(triangles, in_own_plane(vertices, triangles), np.ones(len(triangles)))
    with pytest.raises(InputError, match="flipped"):
        least_stretch(vertices[:, :2] * [-1, 1], flat, on_axis=np.zeros(len(vertices), bool))
