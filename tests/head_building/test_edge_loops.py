"""Loops of edges: found, followed and laid in between, with the mesh whole and symmetric afterwards."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sparse

from mien.head_building.edge_loops import QuadEdges, split_strip
from mien.head_building.quad_skin import rings_around
from mien.head_building.uv_layout import MOUTH_INTERIOR
from tests.head_building.cube_head import CubeHead, cube_head
from tests.head_building.part_checks import assert_manifold


@pytest.fixture(scope="module")
def head() -> CubeHead:
    return cube_head()


def level_loop(head: CubeHead, edges: QuadEdges) -> list[int]:
    """Around the head at the height of its middle."""
    level = np.flatnonzero(np.abs(head.vertices_m[:, 1]) < 1e-9)
    start = int(level[head.vertices_m[level, 0].argmax()])
    beside = [int(v) for v in level if v != start and edges.quads_at(start, int(v))]
    loop = edges.loop_from(start, beside[0])
    assert loop is not None
    return loop


def test_a_loop_goes_around_the_head_and_comes_back(head: CubeHead):
    edges = QuadEdges(head.quads)
    loop = level_loop(head, edges)
    np.testing.assert_allclose(head.vertices_m[loop, 1], 0, atol=1e-12)
    assert len(set(loop)) == len(loop) == 4 * 8
    assert all(len(edges.quads_at(a, b)) == 2 for a, b in zip(loop, loop[1:] + loop[:1], strict=True))


def test_a_loop_that_meets_a_border_or_a_pole_ends(head: CubeHead):
    edges = QuadEdges(head.quads)
    middle = np.flatnonzero((np.abs(head.vertices_m[:, 0]) < 1e-9) & (head.vertices_m[:, 2] > 0))
    down = middle[np.argsort(head.vertices_m[middle, 1])]
    assert edges.loop_from(int(down[1]), int(down[0])) is None


def test_the_border_of_some_quads_is_one_loop_that_the_outside_runs_along(head: CubeHead):
    inner = head.labels == MOUTH_INTERIOR
    edges = QuadEdges(head.quads)
    border = edges.border_between(inner)
    assert len(border) == len(set(border)) == 2 * (4 + 2)
    directed = {
        pair for quad in head.quads[~inner].tolist() for pair in zip(quad, quad[1:] + quad[:1], strict=True)
    }
    assert all(pair in directed for pair in zip(border, border[1:] + border[:1], strict=True))


def test_two_borders_are_refused(head: CubeHead):
    eyes = (head.labels != MOUTH_INTERIOR) & (head.labels != 0)
    assert eyes.any()
    with pytest.raises(ValueError, match="several borders"):
        QuadEdges(head.quads).border_between(eyes)


def test_rings_lie_one_edge_apart(head: CubeHead):
    inner = head.labels == MOUTH_INTERIOR
    edges = QuadEdges(head.quads)
    inside_out = rings_around(edges, inner, ~inner, 2)
    assert len(inside_out[0]) == len(inside_out[1])
    for a, b in zip(*inside_out, strict=True):
        assert edges.quads_at(int(a), int(b))


def test_a_strip_split_in_two_keeps_the_mesh_whole_and_symmetric(head: CubeHead):
    edges = QuadEdges(head.quads)
    loop = level_loop(head, edges)
    above = head.vertices_m[head.quads].mean(axis=1)[:, 1] > 0
    rings = loop, edges.ring_beside(loop, above)
    count = len(head.vertices_m)
    values = head.vertices_m[head.quads]  # corner values that are the places themselves
    quads, corners, ties = split_strip(
        head.quads, values, sparse.identity(count, format="csr"), rings[0], rings[1]
    )
    assert len(quads) == len(head.quads) + len(rings[0])
    assert_manifold(quads)
    vertices = ties @ head.vertices_m
    np.testing.assert_allclose(vertices[:count], head.vertices_m)
    np.testing.assert_allclose(vertices[count:], (head.vertices_m[loop] + head.vertices_m[rings[1]]) / 2)
    np.testing.assert_allclose(corners, vertices[quads], atol=1e-15)
    mirrored = {tuple(np.round(v, 9)) for v in vertices * [-1, 1, 1] + 0.0}
    assert mirrored == {tuple(np.round(v, 9)) for v in vertices + 0.0}
    new = set(range(count, len(vertices)))
    assert sum(len(new & set(quad)) == 2 for quad in quads.tolist()) == 2 * len(rings[0])
