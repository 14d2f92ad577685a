"""Landmark meshes: triangulation, decimation, up-sampling, spirals."""

from __future__ import annotations

import numpy as np
import pytest

from mien.heads.mesh_hierarchy.decimation import decimate, up_sampling
from mien.heads.mesh_hierarchy.hierarchy import build_hierarchy
from mien.heads.mesh_hierarchy.spirals import spirals
from mien.heads.mesh_hierarchy.triangulation import landmark_mesh


def grid(side: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    points = np.stack([x.ravel(), y.ravel(), np.zeros(side * side)], axis=1).astype(float)
    corner = (np.arange(side - 1)[:, None] * side + np.arange(side - 1)).ravel()
    lower = np.stack([corner, corner + 1, corner + side], axis=1)
    upper = np.stack([corner + 1, corner + side + 1, corner + side], axis=1)
    return points, np.concatenate([lower, upper])


def area(points: np.ndarray, triangles: np.ndarray) -> float:
    a, b, c = (points[triangles[:, k]] for k in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def test_a_flat_sheet_keeps_its_outline():
    points, triangles = grid(9)
    coarse = decimate(points, triangles, count=12)
    assert len(coarse.kept) == 12
    assert area(points[coarse.kept], coarse.triangles) == pytest.approx(64)
    assert {0, 8, 72, 80} <= set(coarse.kept.tolist())


def test_up_sampling_finds_flat_points_again():
    points, triangles = grid(9)
    coarse = decimate(points, triangles, count=12)
    up = up_sampling(points, coarse)
    places = (points[coarse.kept][up.indices] * up.weights[..., None]).sum(axis=1)
    assert np.abs(places - points).max() < 1e-9
    assert np.allclose(up.weights.sum(axis=1), 1)


def test_spirals_go_round_ring_by_ring():
    points, triangles = grid(5)
    spiral = spirals(points, triangles, length=9)
    centre = spiral[12].tolist()
    assert centre[0] == 12
    ring = points[centre[1:7]] - points[12]
    angles = np.unwrap(np.arctan2(ring[:, 1], ring[:, 0]))
    assert angles[0] == pytest.approx(np.pi / 2)  # from the top
    assert np.all(np.diff(angles) > 0)  # counter-clockwise
    assert len(set(centre)) == 9


def test_spirals_reach_over_to_the_nearest_piece():
    points, triangles = grid(2)
    both = np.concatenate([points, points + [5.0, 0, 0]])
    spiral = spirals(both, np.concatenate([triangles, triangles + 4]), length=6)
    assert set(spiral[0, :4].tolist()) == {0, 1, 2, 3}
    assert spiral[0, 4] in (4, 6)
    few = spirals(points, triangles, length=6)
    assert few[0].tolist()[4:] == [0, 0]


def test_small_pieces_go_when_nothing_else_can():
    points, triangles = grid(6)
    tiny = np.array([[9.0, 0, 0], [9.1, 0, 0], [9.0, 0.1, 0]])
    both, faces = np.concatenate([points, tiny]), np.concatenate([triangles, [[36, 37, 38]]])
    coarse = decimate(both, faces, count=4)
    assert len(coarse.kept) <= 6
    assert not set(coarse.kept.tolist()) & {36, 37, 38}


def test_the_built_in_head_s_sets():
    from mien.heads.landmark_sets import mirror_indices

    mesh = landmark_mesh("dense320")
    assert len(mesh) == 320
    joined = np.zeros(320, int)
    np.add.at(joined, mesh.edges.ravel(), 1)
    assert (joined > 1).all()
    # neighbours on one side are mostly neighbours on the other
    edges = {tuple(edge) for edge in mesh.edges.tolist()}
    mirror = mirror_indices("dense320")
    mirrored = {tuple(sorted((int(mirror[a]), int(mirror[b])))) for a, b in edges}
    assert len(edges & mirrored) > 0.85 * len(edges)
    # a neighbour is near
    length_m = np.linalg.norm(mesh.points_m[mesh.edges[:, 0]] - mesh.points_m[mesh.edges[:, 1]], axis=1)
    assert np.median(length_m) < 0.02
    hierarchy = build_hierarchy(mesh)
    assert hierarchy.sizes[0] == 320
    assert hierarchy.sizes[1] <= 80
    assert 16 <= hierarchy.sizes[-1] <= 24
