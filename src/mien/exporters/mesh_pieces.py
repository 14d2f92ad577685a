"""The head's mesh as glTF wants it: one piece per surface, vertices split where the texture has seams."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Integer

from mien.exporters.surfaces import Surface, has_texture, triangles_of
from mien.heads.model import Head


@dataclass(frozen=True, eq=False)
class MeshPiece:
    """The mesh of one surface, indexed on its own.

    Attributes:
        vertices: (N,) the head's vertex behind each of the piece's vertices.
        uv: (N, 2) texture coordinates, v up; None when the head has none.
        triangles: (T, 3) indices into `vertices`.
    """

    vertices: Integer[np.ndarray, " n"]
    uv: Float[np.ndarray, "n 2"] | None
    triangles: Integer[np.ndarray, "triangles 3"]


@lru_cache(maxsize=8)
def mesh_pieces(head: Head, surfaces: tuple[Surface, ...]) -> tuple[MeshPiece, ...]:
    """The triangles of each of `surfaces`, in the head's order."""
    has_uv = has_texture(head)
    pieces = []
    for surface in surfaces:
        chosen = triangles_of(head, surface)
        corners = head.triangles[chosen].reshape(-1).astype(np.int64)
        uv_corners = (
            head.uv_triangles[chosen].reshape(-1).astype(np.int64) if has_uv else np.zeros_like(corners)
        )
        step = max(len(head.uv), 1)
        pairs, inverse = np.unique(corners * step + uv_corners, return_inverse=True)
        pieces.append(
            MeshPiece(
                vertices=pairs // step,
                uv=head.uv[pairs % step] if has_uv else None,
                triangles=inverse.reshape(-1, 3),
            )
        )
    return tuple(pieces)
