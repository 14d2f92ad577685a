"""Edges of quads: each once, and no diagonals."""

from __future__ import annotations

import numpy as np

from mien.drawing.edges import surface_edges

NO_QUADS = np.zeros((0, 4), int)
TRIANGLES = np.array([[0, 1, 2], [0, 2, 3], [3, 2, 4]])  # a square and a triangle on it


def pairs(ends) -> set[tuple[int, ...]]:
    assert len(ends) == len({tuple(sorted(end)) for end in ends.tolist()})
    return {tuple(sorted(end)) for end in ends.tolist()}


def test_triangles_have_all_their_edges_once():
    edges = surface_edges(TRIANGLES, NO_QUADS)
    assert pairs(edges.ends) == {(0, 1), (1, 2), (0, 2), (2, 3), (0, 3), (2, 4), (3, 4)}
    assert pairs(edges.around(np.array([1]))) == {(0, 2), (2, 3), (0, 3)}


def test_the_diagonal_of_a_quad_is_no_edge():
    quads = np.array([[0, 1, 2, 3], [3, 2, 4, -1]])
    edges = surface_edges(TRIANGLES, quads)
    assert pairs(edges.ends) == {(0, 1), (1, 2), (2, 3), (0, 3), (2, 4), (3, 4)}
    assert pairs(edges.around(np.array([0, 1]))) == {(0, 1), (1, 2), (2, 3), (0, 3)}
    assert pairs(edges.around(np.array([2]))) == {(2, 3), (2, 4), (3, 4)}


def test_quads_of_other_parts_do_not_matter():
    quads = np.array([[0, 1, 2, 3], [3, 2, 4, -1], [7, 8, 9, 10], [0, 1, 9, -1]])
    assert len(surface_edges(TRIANGLES, quads).ends) == 6


def test_nothing_has_no_edges():
    edges = surface_edges(np.zeros((0, 3), int), np.array([[0, 1, 2, 3]]))
    assert len(edges.ends) == len(edges.around(np.zeros(0, int))) == 0
