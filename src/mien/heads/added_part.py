"""A head with one more part: cards of hair that follow the skin."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Integer

from mien.geometry.quads import triangulated
from mien.heads.model import Head, PersonalShape


@dataclass(frozen=True, eq=False)
class AddedPart:
    """A mesh and how it moves; indices count its own vertices and texture coordinates.

    Attributes:
        mean_m: (P, 3) on the mean head.
        quads, uv_quads: (Q, 4), -1 in the fourth column of triangles.
        uv: (U, 2) texture coordinates, v up.
        parts: (P,) indices into the part names of the head that it becomes.
        mirror: (P,) each vertex's left-right partner.
        identity_m: (I, P, 3) and expression_m: (E, P, 3), as the head's bases.
        skinning_weights: (P, 4).
        personal: for each of the head's personal shapes the vertices (N,) at which it moves the part, and
            (I, N, 3) how; None where none does.
    """

    mean_m: Float[np.ndarray, "vertices 3"]
    quads: Integer[np.ndarray, "quads 4"]
    uv: Float[np.ndarray, "texture 2"]
    uv_quads: Integer[np.ndarray, "quads 4"]
    parts: Integer[np.ndarray, " vertices"]
    mirror: Integer[np.ndarray, " vertices"]
    identity_m: Float[np.ndarray, "identity vertices 3"]
    expression_m: Float[np.ndarray, "expression vertices 3"]
    skinning_weights: Float[np.ndarray, "vertices 4"]
    personal: tuple[tuple[np.ndarray, np.ndarray], ...] | None = None


def with_added_part(head: Head, part: AddedPart) -> Head:
    """The head, whose vertices keep their numbers, and the part behind them; the head must have quads."""
    count, uv_count = head.vertex_count, len(head.uv)
    quads = np.where(part.quads >= 0, part.quads + count, -1)
    uv_quads = np.where(part.uv_quads >= 0, part.uv_quads + uv_count, -1)
    all_quads, all_uv_quads = np.concatenate([head.quads, quads]), np.concatenate([head.uv_quads, uv_quads])
    personal = head.personal_shapes
    if part.personal is not None:
        personal = tuple(
            PersonalShape(
                one.shape,
                np.concatenate([one.vertices, count + vertices]),
                np.concatenate([one.identity_m, own_m], axis=1),
            )
            for one, (vertices, own_m) in zip(head.personal_shapes, part.personal, strict=True)
        )
    return replace(
        head,
        mean_m=np.concatenate([head.mean_m, part.mean_m]),
        triangles=triangulated(all_quads),
        identity_basis_m=np.concatenate([head.identity_basis_m, part.identity_m], axis=1),
        expression_basis_m=np.concatenate([head.expression_basis_m, part.expression_m], axis=1),
        skinning_weights=np.concatenate([head.skinning_weights, part.skinning_weights]),
        vertex_parts=np.concatenate([head.vertex_parts, part.parts]),
        uv=np.concatenate([head.uv, part.uv]),
        uv_triangles=triangulated(all_uv_quads),
        mirror_vertices=np.concatenate([head.mirror_vertices, part.mirror + count]),
        quads=all_quads,
        uv_quads=all_uv_quads,
        personal_shapes=personal,
    )
