"""The edges of a surface of quads: what an artist sees of it, without the quads' diagonals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, Integer


@dataclass(frozen=True, eq=False)
class SurfaceEdges:
    """The edges of a surface's triangles, once each.

    Attributes:
        ends: (E, 2) vertices.
        of_triangle: (T, 3) each triangle's edges; E stands for the diagonal of a quad.
    """

    ends: Int[np.ndarray, "edges 2"]
    of_triangle: Int[np.ndarray, "triangles 3"]

    def around(self, triangles: Integer[np.ndarray, " some"]) -> Int[np.ndarray, "edges 2"]:
        """The edges of some triangles, once each."""
        marks = np.zeros(len(self.ends) + 1, bool)
        marks[self.of_triangle[triangles].reshape(-1)] = True
        return self.ends[marks[:-1]]


def surface_edges(
    triangles: Integer[np.ndarray, "triangles 3"], quads: Integer[np.ndarray, "quads 4"]
) -> SurfaceEdges:
    """The edges of triangles, of those that are halves of quads without the diagonals.

    Args:
        quads: -1 in the fourth column of triangles; none: all edges count.
    """
    count = int(triangles.max(initial=-1)) + 1
    pairs = np.sort(np.stack([triangles, np.roll(triangles, -1, axis=1)], axis=2).reshape(-1, 2), axis=1)
    keys, of_pair = np.unique(_keys(pairs, count), return_inverse=True)
    drawn = np.ones(len(keys), bool)
    if len(quads):
        corners = np.where(quads < 0, quads[:, [2]], quads)
        outlines = np.stack([corners, np.roll(corners, -1, axis=1)], axis=2).reshape(-1, 2)
        outlines = np.sort(outlines[(outlines < count).all(axis=1)], axis=1)
        drawn = np.isin(keys, _keys(outlines, count))
    place = np.where(drawn, np.cumsum(drawn) - 1, int(drawn.sum()))
    ends = np.column_stack(np.divmod(keys[drawn], max(count, 1)))
    return SurfaceEdges(ends, place[of_pair].reshape(-1, 3))


def _keys(pairs: np.ndarray, count: int) -> np.ndarray:
    return pairs[:, 0].astype(np.int64) * count + pairs[:, 1]
