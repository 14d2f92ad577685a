"""How the expression shapes turn a person's normals, exactly and quickly.

A normal before scaling to length one is a sum over the triangles around a vertex, and a shape moves few of
them: only these are computed again. Which they are is the same for everyone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, Integer

from mien.exporters.personal_shapes import Changes, differing, movable
from mien.geometry.normals import vertex_normals
from mien.heads.model import Head

SMALLEST_TURN_RAD = np.radians(0.5)
"""Normals that turn less on the mean head are left as they are: no light shows it."""
_MOST_TRIANGLES = 2_000_000  # kept in memory, all shapes together; shapes of large scans move everything


@dataclass(frozen=True, eq=False)
class MorphNormals:
    """What of the normals' work is the same for everyone.

    Rows are the pairs of a shape and a vertex whose normal it turns, shape by shape.

    Attributes:
        vertex: (R,) vertex of each row.
        first_row: (E + 1,) first row of each shape, and R.
        moved: the triangles to compute again; None where they are too many to be kept.
    """

    vertex: Integer[np.ndarray, " rows"]
    first_row: Integer[np.ndarray, " shapes_and_one"]
    moved: MovedTriangles | None

    def rows_of(self, shape: int) -> slice:
        """The rows of one shape."""
        return slice(int(self.first_row[shape]), int(self.first_row[shape + 1]))

    def deltas(
        self,
        head: Head,
        rest_m: Float[np.ndarray, "vertices 3"],
        normals: Float[np.ndarray, "vertices 3"],
        changes_m: Changes,
    ) -> Float32[np.ndarray, "rows 3"]:
        """Normals with a shape at full weight minus those at rest.

        Args:
            head: whose shapes these are.
            rest_m: a person's vertices at rest.
            normals: their `vertex_normals`.
            changes_m: what of the shapes is the person's own.
        """
        if self.moved is not None:
            return self.moved.deltas(head, self.vertex, rest_m, normals, changes_m)
        deltas = np.empty((len(self.vertex), 3), np.float32)
        for shape, shape_m in enumerate(head.expression_basis_m):
            rows = self.rows_of(shape)
            moved_m = rest_m + shape_m + changes_m.get(shape, 0)
            turned = vertex_normals(moved_m, head.triangles) - normals
            deltas[rows] = turned[self.vertex[rows]]
        return deltas


@dataclass(frozen=True, eq=False)
class MovedTriangles:
    """The triangles that the shapes move, once for each shape.

    Attributes:
        shape, triangle: (N,) of the head, shape by shape.
        edges_m: (2, 3, N) how the shape lengthens the two edges from the triangle's first corner; coordinates
            come first, which halves the time.
        sums: (R, N) sparse matrix of ones: the triangles around each row's vertex.
    """

    shape: Integer[np.ndarray, " n"]
    triangle: Integer[np.ndarray, " n"]
    edges_m: Float32[np.ndarray, "2 3 n"]
    sums: Any

    def deltas(
        self,
        head: Head,
        vertex: Integer[np.ndarray, " rows"],
        rest_m: Float[np.ndarray, "vertices 3"],
        normals: Float[np.ndarray, "vertices 3"],
        changes_m: Changes,
    ) -> Float32[np.ndarray, "rows 3"]:
        """See `MorphNormals.deltas`; `vertex` is that of each row."""
        corners_m = np.ascontiguousarray(rest_m.T, np.float32)[:, head.triangles.T]
        edges_m = corners_m[:, 1:] - corners_m[:, :1]  # (3, 2, T)
        at_rest = _cross(edges_m[:, 0], edges_m[:, 1])
        first_m, second_m = (edges_m[:, edge].take(self.triangle, axis=1) for edge in (0, 1))
        first_m += self.edges_m[0]
        second_m += self.edges_m[1]
        for shape, change_m in changes_m.items():
            columns = slice(*np.searchsorted(self.shape, [shape, shape + 1]))
            origin_m, *ends_m = change_m[head.triangles[self.triangle[columns]].T]
            for edge_m, end_m in zip((first_m, second_m), ends_m, strict=True):
                edge_m[:, columns] += (end_m - origin_m).T
        moved = _cross(first_m, second_m)
        moved -= at_rest.take(self.triangle, axis=1)
        total = _sum_around(head, at_rest).take(vertex, axis=1)
        for axis in range(3):
            total[axis] += self.sums @ moved[axis]
        length = np.sqrt(np.einsum("ar,ar->r", total, total))
        total /= np.maximum(length, 1e-12)
        total -= np.ascontiguousarray(normals.T, np.float32).take(vertex, axis=1)
        total[:, length <= 1e-12] = 0  # triangles without area have no normal to turn
        return np.ascontiguousarray(total.T)

    def of_rows(self, rows: Integer[np.ndarray, " kept"]) -> MovedTriangles:
        """The triangles around some of the rows."""
        sums = self.sums[rows]
        kept = np.flatnonzero(np.diff(sums.tocsc().indptr))
        return MovedTriangles(
            self.shape[kept],
            self.triangle[kept],
            np.ascontiguousarray(self.edges_m[..., kept]),
            sums[:, kept],
        )


@lru_cache(maxsize=4)
def morph_normals(head: Head) -> MorphNormals:
    """Find the vertices and triangles that each of the head's shapes turns, on the mean head."""
    touched = np.asarray(movable(head)[:, head.triangles].any(axis=2))
    at_rest = vertex_normals(head.mean_m, head.triangles)
    if np.count_nonzero(touched) > _MOST_TRIANGLES:
        found = [
            _turned(vertex_normals(head.mean_m + shape_m, head.triangles) - at_rest)
            for shape_m in head.expression_basis_m
        ]
        return MorphNormals(np.concatenate(found), np.cumsum([0, *map(len, found)]), None)
    shape, vertex, moved = _moved_triangles(head, touched)
    turned = _turned(moved.deltas(head, vertex, head.mean_m, at_rest, {}))
    rows = np.union1d(turned, np.flatnonzero(differing(head)[shape, vertex]))
    return MorphNormals(
        vertex=vertex[rows],
        first_row=np.searchsorted(shape[rows], np.arange(head.expression_count + 1)),
        moved=moved.of_rows(rows),
    )


def _moved_triangles(head: Head, touched: np.ndarray) -> tuple[np.ndarray, np.ndarray, MovedTriangles]:
    """Shape and vertex of each row, all that a moved triangle touches, and the triangles."""
    from scipy.sparse import csr_matrix

    shape_of, triangle = np.nonzero(touched)
    shapes_m = head.expression_basis_m.astype(np.float32)
    corners = head.triangles[triangle]
    origin_m = shapes_m[shape_of, corners[:, 0]]
    edges_m = np.stack([(shapes_m[shape_of, corners[:, edge]] - origin_m).T for edge in (1, 2)])
    pairs = (shape_of[:, None] * head.vertex_count + corners).ravel()
    seen = np.zeros(head.expression_count * head.vertex_count, bool)
    seen[pairs] = True
    row_of = np.cumsum(seen) - 1
    column = np.repeat(np.arange(len(triangle)), 3)
    ones = np.ones(len(pairs), np.float32)
    sums = csr_matrix((ones, (row_of[pairs], column)), shape=(int(seen.sum()), len(triangle)))
    shape, vertex = np.divmod(np.flatnonzero(seen), head.vertex_count)
    return shape, vertex, MovedTriangles(shape_of, triangle, edges_m, sums)


def _turned(deltas: np.ndarray) -> np.ndarray:
    """Rows of differences between unit vectors that are a turn worth keeping."""
    chord = 2 * np.sin(SMALLEST_TURN_RAD / 2)
    return np.flatnonzero(np.linalg.norm(deltas, axis=1) > chord)


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cross products of (3, n) vectors; np.cross is several times slower on many."""
    out = np.empty_like(a)
    out[0] = a[1] * b[2] - a[2] * b[1]
    out[1] = a[2] * b[0] - a[0] * b[2]
    out[2] = a[0] * b[1] - a[1] * b[0]
    return out


def _sum_around(head: Head, of_triangles: np.ndarray) -> Float32[np.ndarray, "3 vertices"]:
    corners = head.triangles.ravel()
    return np.stack(
        [np.bincount(corners, np.repeat(row, 3), minlength=head.vertex_count) for row in of_triangles]
    ).astype(np.float32)
