"""Cutting a mesh of quads into disks: boundary loops, holes filled with fans, quads split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Integer

from mien.errors import InputError


def polygon_edges(quads: Integer[np.ndarray, "quads 4"]) -> Integer[np.ndarray, "halfedges 2"]:
    """Directed edges of quads (-1 in the fourth column of triangles), face by face."""
    following = quads[:, [1, 2, 3, 0]].copy()
    triangle = quads[:, 3] < 0
    following[triangle, 2] = quads[triangle, 0]
    edges = np.stack([quads, following], axis=2).reshape(-1, 2)
    return edges[(edges >= 0).all(axis=1)]


def boundary_loops(quads: Integer[np.ndarray, "quads 4"]) -> list[np.ndarray]:
    """Closed loops of edges that one face alone has, in the direction of that face, longest first.

    Raises:
        InputError: the mesh touches itself at a vertex of its boundary.
    """
    edges = polygon_edges(quads)
    known = set(map(tuple, edges.tolist()))
    border = [(a, b) for a, b in known if (b, a) not in known]
    following = dict(border)
    if len(following) != len(border):
        raise InputError(
            "two boundaries meet in one vertex; every opening needs an edge loop of its own", source="mesh"
        )
    loops = []
    while following:
        loop = [min(following)]
        while (vertex := following.pop(loop[-1])) != loop[0]:
            loop.append(vertex)
        loops.append(np.array(loop))
    return sorted(loops, key=lambda loop: (-len(loop), int(loop[0])))


@dataclass(frozen=True)
class FilledDisk:
    """A mesh whose holes are filled with fans, so that one boundary is left.

    Attributes:
        quads: (Q, 4) the mesh's own faces, then the fans' triangles.
        filler: (Q,) True for the fans' faces.
        boundary: the loop that is left.
        centres: the new vertices at the middles of the fans, numbered on from the mesh's own.
        rims: the hole that each of them fills.
    """

    quads: Integer[np.ndarray, "quads 4"]
    filler: np.ndarray
    boundary: Integer[np.ndarray, " boundary"]
    centres: tuple[int, ...]
    rims: tuple[np.ndarray, ...]


def fill_holes(
    quads: Integer[np.ndarray, "quads 4"], vertex_count: int, *, outer: Integer[np.ndarray, " outer"]
) -> FilledDisk:
    """Fill every hole but the boundary `outer` (any of its vertices tells it)."""
    loops = boundary_loops(quads)
    kept = [loop for loop in loops if np.isin(outer, loop).any()]
    rims = tuple(loop for loop in loops if not np.isin(outer, loop).any())
    fans, centres = [], []
    for number, rim in enumerate(rims):
        centre = vertex_count + number
        turned = np.stack([np.roll(rim, -1), rim], axis=1)  # against the direction of the faces beside it
        fans.append(np.column_stack([turned, np.full(len(rim), centre), np.full(len(rim), -1)]))
        centres.append(centre)
    filled = np.concatenate([quads, *fans]) if fans else quads
    filler = np.arange(len(filled)) >= len(quads)
    return FilledDisk(filled, filler, kept[0], tuple(centres), rims)


def split_quads(quads: Integer[np.ndarray, "quads 4"]) -> tuple[np.ndarray, np.ndarray]:
    """(T, 3) triangles on the diagonal of corners 0 and 2, and (T,) the face of each."""
    four = np.flatnonzero(quads[:, 3] >= 0)
    triangles = np.concatenate([quads[:, :3], quads[four][:, [0, 2, 3]]])
    return triangles, np.concatenate([np.arange(len(quads)), four])
