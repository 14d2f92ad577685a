"""The expression shapes as glTF morph targets: sparse displacements and turns of normals.

Every accessor stands on a buffer view, be it one of zeros that all share: glTF lets an accessor without data
count as zeros, and importers (Assimp among them) fail on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, Integer

from mien.exporters.glb import GlbBuilder, bounds_of, component_type, plain_bytes
from mien.exporters.mesh_pieces import MeshPiece, mesh_pieces
from mien.exporters.morph_normals import MorphNormals, morph_normals
from mien.exporters.surfaces import Surface
from mien.heads.model import Head

_SMALLEST_MOVE_M = 1e-6  # shorter displacements are left out: a micrometre is far below what anyone sees
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
        moved: (K,) rows within their piece that a target moves, target by target; displacements_m: (K, 3).
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
) -> list[list[dict[str, int]]]:
    """Store the shapes and return, for each surface, its `targets`.

    Args:
        rest_m, normals: the person's vertices at rest and their normals.
    """
    if not head.expression_count:
        return [[] for _ in surfaces]
    packed = _packed(head, surfaces)
    pieces = mesh_pieces(head, surfaces)
    zeros = builder.zero_vectors(max((len(piece.vertices) for piece in pieces), default=1))
    deltas = packed.normals.deltas(head, rest_m, normals)[packed.row_of_normal]
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
    pieces = mesh_pieces(head, surfaces)
    moved, displacements_m, turned, row_of_normal = [], [], [], []
    positions, turns = [], []
    moved_count = turned_count = 0
    for piece in pieces:
        of_piece, turns_of_piece = [], []
        for shape, shape_m in enumerate(head.expression_basis_m):
            rows, values_m = _moved_rows(shape_m[piece.vertices])
            bounds = bounds_of(_with_zero(values_m) if len(rows) < len(piece.vertices) else values_m)
            of_piece.append(_SparseVectors(moved_count, len(rows), bounds))
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


def _moved_rows(shape_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows = np.flatnonzero(np.abs(shape_m).max(axis=1, initial=0.0) > _SMALLEST_MOVE_M)
    return rows, shape_m[rows].astype(np.float32)


def _with_zero(values_m: np.ndarray) -> np.ndarray:
    """The rows that are left out of a sparse accessor are zeros."""
    return np.vstack([values_m, np.zeros((1, 3), np.float32)])


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
