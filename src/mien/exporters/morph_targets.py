"""The expression shapes as glTF morph targets: sparse displacements and turns of normals.

Every accessor stands on a buffer view, be it one of zeros that all share: glTF lets an accessor without data
count as zeros, and importers (Assimp among them) fail on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, Integer

from mien.exporters.glb import GlbBuilder, bounds_of, component_type, plain_bytes
from mien.exporters.mesh_pieces import MeshPiece, mesh_pieces
from mien.exporters.morph_normals import MorphNormals, morph_normals
from mien.exporters.personal_shapes import Changes, movable
from mien.exporters.surfaces import Surface
from mien.heads.model import Head

_FLOAT32 = 5126


@dataclass(frozen=True)
class _SparseVectors:
    """One attribute of one target of one piece: where its non-zero rows lie in the common arrays."""

    first: int
    count: int
    bounds: dict[str, list[float]]


@dataclass(frozen=True, eq=False)
class _PackedTargets:
    """All targets of all pieces, without what depends on the person.

    Attributes:
        moved: (K,) rows within their piece that a target may move, target by target.
        displacements_m: (K, 3) on the mean head.
        turned: (M,) rows within their piece whose normal a target turns; row_of_normal: (M,) their rows in
            `normals`.
        positions, turns: per piece and target.
    """

    moved: Integer[np.ndarray, " k"]
    displacements_m: Float32[np.ndarray, "k 3"]
    turned: Integer[np.ndarray, " m"]
    row_of_normal: Integer[np.ndarray, " m"]
    normals: MorphNormals
    positions: tuple[tuple[_SparseVectors, ...], ...]
    turns: tuple[tuple[_SparseVectors, ...], ...]


def add_morph_targets(
    builder: GlbBuilder,
    head: Head,
    surfaces: tuple[Surface, ...],
    *,
    rest_m: Float[np.ndarray, "vertices 3"],
    normals: Float[np.ndarray, "vertices 3"],
    changes_m: Changes,
) -> list[list[dict[str, int]]]:
    """Store the shapes and return, for each surface, its `targets`.

    Args:
        rest_m, normals: the person's vertices at rest and their normals.
        changes_m: what of the shapes is the person's own.
    """
    if not head.expression_count:
        return [[] for _ in surfaces]
    pieces = mesh_pieces(head, surfaces)
    packed = _with_changes(_packed(head, surfaces), pieces, changes_m)
    zeros = builder.zero_vectors(max((len(piece.vertices) for piece in pieces), default=1))
    deltas = packed.normals.deltas(head, rest_m, normals, changes_m)[packed.row_of_normal]
    positions = _Attribute(builder, zeros, packed.moved, packed.displacements_m)
    turns = _Attribute(builder, zeros, packed.turned, deltas)
    targets = []
    for piece, moves, turned in zip(pieces, packed.positions, packed.turns, strict=True):
        positions.start(len(piece.vertices), bounds=True)
        turns.start(len(piece.vertices), bounds=False)
        targets.append(
            [
                {"POSITION": positions.accessor(move), "NORMAL": turns.accessor(turn)}
                for move, turn in zip(moves, turned, strict=True)
            ]
        )
    return targets


class _Attribute:
    """Writes sparse accessors that share one view of indices, one of values and one of zeros."""

    def __init__(self, builder: GlbBuilder, zeros: int, rows: np.ndarray, values: np.ndarray) -> None:
        self._builder, self._zeros = builder, zeros
        self._index_bytes, self._index_type = rows.itemsize, component_type(rows)
        if len(rows):
            self._rows = builder.view(plain_bytes(rows))
            self._values = builder.view(plain_bytes(values))

    def start(self, count: int, *, bounds: bool) -> None:
        """Go on to a piece of `count` vertices; with `bounds` the accessors state them."""
        self._count, self._with_bounds = count, bounds
        self._still: int | None = None

    def accessor(self, vectors: _SparseVectors) -> int:
        if not vectors.count and self._still is not None:
            return self._still
        item: dict[str, Any] = {
            "bufferView": self._zeros,
            "componentType": _FLOAT32,
            "count": self._count,
            "type": "VEC3",
        }
        if self._with_bounds:
            item |= vectors.bounds
        if not vectors.count:
            self._still = self._builder.add("accessors", item)
            return self._still
        item["sparse"] = {
            "count": vectors.count,
            "indices": {
                "bufferView": self._rows,
                "byteOffset": vectors.first * self._index_bytes,
                "componentType": self._index_type,
            },
            "values": {"bufferView": self._values, "byteOffset": vectors.first * 12},
        }
        return self._builder.add("accessors", item)


@lru_cache(maxsize=8)
def _packed(head: Head, surfaces: tuple[Surface, ...]) -> _PackedTargets:
    normals = morph_normals(head)
    may_move = movable(head)
    pieces = mesh_pieces(head, surfaces)
    moved, displacements_m, turned, row_of_normal = [], [], [], []
    positions, turns = [], []
    moved_count = turned_count = 0
    for piece in pieces:
        of_piece, turns_of_piece = [], []
        for shape, shape_m in enumerate(head.expression_basis_m):
            rows = np.flatnonzero(may_move[shape, piece.vertices])
            values_m = shape_m[piece.vertices[rows]].astype(np.float32)
            of_piece.append(_SparseVectors(moved_count, len(rows), _bounds(values_m, piece)))
            moved.append(rows)
            displacements_m.append(values_m)
            moved_count += len(rows)

            rows, of_normal = _turned_rows(piece, normals, shape, head.vertex_count)
            turns_of_piece.append(_SparseVectors(turned_count, len(rows), {}))
            turned.append(rows)
            row_of_normal.append(of_normal)
            turned_count += len(rows)
        positions.append(tuple(of_piece))
        turns.append(tuple(turns_of_piece))
    largest = max((len(piece.vertices) for piece in pieces), default=0)
    index_type = np.uint16 if largest <= 0xFFFF else np.uint32
    return _PackedTargets(
        moved=np.concatenate(moved).astype(index_type),
        displacements_m=np.concatenate(displacements_m),
        turned=np.concatenate(turned).astype(index_type),
        row_of_normal=np.concatenate(row_of_normal),
        normals=normals,
        positions=tuple(positions),
        turns=tuple(turns),
    )


def _with_changes(
    packed: _PackedTargets, pieces: tuple[MeshPiece, ...], changes_m: Changes
) -> _PackedTargets:
    """The targets of a person some of whose shapes are their own."""
    if not changes_m:
        return packed
    displacements_m = packed.displacements_m.copy()
    positions = [list(of_piece) for of_piece in packed.positions]
    for piece, of_piece in zip(pieces, positions, strict=True):
        for shape, change_m in changes_m.items():
            vectors = of_piece[shape]
            chosen = slice(vectors.first, vectors.first + vectors.count)
            displacements_m[chosen] += change_m[piece.vertices[packed.moved[chosen]]]
            of_piece[shape] = replace(vectors, bounds=_bounds(displacements_m[chosen], piece))
    return replace(packed, displacements_m=displacements_m, positions=tuple(map(tuple, positions)))


def _bounds(values_m: np.ndarray, piece: MeshPiece) -> dict[str, list[float]]:
    """Of all rows of a sparse accessor; those that are left out are zeros."""
    left_out = len(values_m) < len(piece.vertices)
    return bounds_of(np.vstack([values_m, np.zeros((1, 3), np.float32)]) if left_out else values_m)


def _turned_rows(
    piece: MeshPiece, normals: MorphNormals, shape: int, vertex_count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the piece that the shape turns, and their rows in `normals`."""
    chosen = normals.rows_of(shape)
    row_of = np.full(vertex_count, -1)
    row_of[normals.vertex[chosen]] = np.arange(chosen.start, chosen.stop)
    found = row_of[piece.vertices]
    rows = np.flatnonzero(found >= 0)
    return rows, found[rows]
