"""The head's mesh as files want it: one piece per part, vertices split where the texture has seams."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Integer

from mien.heads.model import Head

_COLORS = (  # the first fragment found in a part's name decides: linear RGB, roughness
    ("iris", (0.16, 0.22, 0.24), 0.2),
    ("pupil", (0.01, 0.01, 0.01), 0.2),
    ("socket", (0.45, 0.22, 0.19), 0.6),
    ("eye", (0.82, 0.80, 0.77), 0.2),
    ("teeth", (0.80, 0.76, 0.66), 0.3),
    ("tongue", (0.45, 0.13, 0.12), 0.5),
    ("gum", (0.42, 0.12, 0.11), 0.5),
    ("mouth", (0.28, 0.06, 0.06), 0.6),
    ("lip", (0.55, 0.25, 0.22), 0.5),
)
_SKIN = ((0.62, 0.43, 0.34), 0.6)


@dataclass(frozen=True)
class MeshPart:
    """One part of the head as an indexed mesh of its own.

    Attributes:
        name: the head's name for the part.
        vertices: (N,) the head's vertex behind each of the piece's vertices.
        uv: (N, 2) texture coordinates, v up; None when the head has none.
        triangles: (T, 3) indices into `vertices`.
    """

    name: str
    vertices: Integer[np.ndarray, " n"]
    uv: Float[np.ndarray, "n 2"] | None
    triangles: Integer[np.ndarray, "triangles 3"]


def triangle_parts(head: Head) -> Integer[np.ndarray, " triangles"]:
    """The part each triangle belongs to: the one of most of its corners."""
    return np.sort(head.vertex_parts[head.triangles], axis=1)[:, 1]


@lru_cache(maxsize=4)
def mesh_parts(head: Head) -> tuple[MeshPart, ...]:
    """The head's parts that have triangles, in the order of `head.part_names`."""
    has_uv = len(head.uv) > 0
    of_part = triangle_parts(head)
    pieces = []
    for part, name in enumerate(head.part_names):
        chosen = of_part == part
        if not chosen.any():
            continue
        corners = head.triangles[chosen].reshape(-1).astype(np.int64)
        uv_corners = (
            head.uv_triangles[chosen].reshape(-1).astype(np.int64) if has_uv else np.zeros_like(corners)
        )
        pairs, inverse = np.unique(np.stack([corners, uv_corners], axis=1), axis=0, return_inverse=True)
        pieces.append(
            MeshPart(
                name=name,
                vertices=pairs[:, 0],
                uv=head.uv[pairs[:, 1]] if has_uv else None,
                triangles=inverse.reshape(-1, 3),
            )
        )
    return tuple(pieces)


def part_material(name: str) -> tuple[tuple[float, float, float], float]:
    """A plain colour (linear RGB) and roughness for a part, judged by its name."""
    lowered = name.lower()
    for fragment, color, roughness in _COLORS:
        if fragment in lowered:
            return color, roughness
    return _SKIN
