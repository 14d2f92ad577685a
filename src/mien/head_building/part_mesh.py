"""What every part of the head beyond the skin is handed over as."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Integer

from mien.heads.parts import PARTS


@dataclass(frozen=True, eq=False)
class PartMesh:
    """A small symmetric mesh, of one part or several.

    Attributes:
        vertices: (V, 3); each maker says in which frame and unit.
        quads: (Q, 4) counter-clockwise seen from outside, -1 in the fourth column of triangles.
        uv: (U, 2) texture coordinates; uv_quads: (Q, 4) indices into them, -1 as in quads.
        parts: (V,) indices into `mien.heads.parts.PARTS`.
        mirror: (V,) each vertex's left-right partner.
    """

    vertices: Float[np.ndarray, "vertices 3"]
    quads: Integer[np.ndarray, "quads 4"]
    uv: Float[np.ndarray, "texture 2"]
    uv_quads: Integer[np.ndarray, "quads 4"]
    parts: Integer[np.ndarray, " vertices"]
    mirror: Integer[np.ndarray, " vertices"]


def part_index(name: str) -> int:
    return PARTS.index(name)


def joined(meshes: list[PartMesh]) -> PartMesh:
    """Several symmetric meshes as one."""
    first_vertex = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)]).tolist()
    first_uv = np.cumsum([0, *(len(mesh.uv) for mesh in meshes)]).tolist()

    def moved(indices: np.ndarray, first: int) -> np.ndarray:
        return np.where(indices >= 0, indices + first, -1)

    return PartMesh(
        vertices=np.concatenate([mesh.vertices for mesh in meshes]),
        quads=np.concatenate([moved(m.quads, v) for m, v in zip(meshes, first_vertex, strict=False)]),
        uv=np.concatenate([mesh.uv for mesh in meshes]),
        uv_quads=np.concatenate([moved(m.uv_quads, u) for m, u in zip(meshes, first_uv, strict=False)]),
        parts=np.concatenate([mesh.parts for mesh in meshes]),
        mirror=np.concatenate([m.mirror + v for m, v in zip(meshes, first_vertex, strict=False)]),
    )


def with_mirror_image(
    mesh: PartMesh, *, parts: dict[str, str] | None = None, same_uv: bool = False
) -> PartMesh:
    """A part of the subject's left (its mirror not used) and its image on the right.

    Args:
        parts: names of parts that change with the side, left → right.
        same_uv: both sides show the same part of the picture, in place of each its own half.
    """
    count, uv_count = len(mesh.vertices), len(mesh.uv)
    swap = np.arange(len(PARTS))
    for left, right in (parts or {}).items():
        swap[part_index(left)] = part_index(right)

    def turned(indices: np.ndarray, first: int) -> np.ndarray:
        flipped = np.where(indices[:, 3:] >= 0, indices[:, [0, 3, 2, 1]], indices[:, [0, 2, 1, 3]])
        return np.where(flipped >= 0, flipped + first, -1)

    return PartMesh(
        vertices=np.concatenate([mesh.vertices, mesh.vertices * [-1, 1, 1]]),
        quads=np.concatenate([mesh.quads, turned(mesh.quads, count)]),
        uv=np.concatenate([mesh.uv, mesh.uv if same_uv else mesh.uv * [-1, 1] + [1, 0]]),
        uv_quads=np.concatenate([mesh.uv_quads, turned(mesh.uv_quads, uv_count)]),
        parts=np.concatenate([mesh.parts, swap[mesh.parts]]),
        mirror=np.concatenate([np.arange(count) + count, np.arange(count)]),
    )
