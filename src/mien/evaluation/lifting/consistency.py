"""Normalised mean local consistency (FaceLift, §4): errors that a definition of one's own does not add to.

A landmark of one data set lies a little beside that of another, always on the same side. Against a mesh that
is known, the vertex is chosen for each landmark from which a method is least far on average over the whole
test set; what is left is what it does inconsistently.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from mien.heads.model import Head

REACH_M = 0.025
"""Vertices so near to a landmark on the mean head may stand for it."""
WFLW_REGIONS: dict[str, tuple[int, ...]] = {
    "contours": tuple(range(33)),
    "brows": tuple(range(33, 51)),
    "nose": tuple(range(51, 60)),
    "eyes": (*range(60, 76), 96, 97),
    "mouth": tuple(range(76, 96)),
}
"""Landmarks of "wflw98" by region."""


@dataclass(frozen=True, eq=False)
class VertexCandidates:
    """Vertices that may stand for landmarks.

    Attributes:
        vertices: (V,) indices into the head's vertices, each once.
        members: for each landmark places in `vertices`.
        own: (L,) place of the landmark's own vertex.
    """

    vertices: Int[np.ndarray, " vertices"]
    members: tuple[np.ndarray, ...]
    own: Int[np.ndarray, " landmarks"]


def vertex_candidates(head: Head, set_name: str, *, reach_m: float = REACH_M) -> VertexCandidates:
    """Those around each landmark of a set."""
    own = head.landmark_set(set_name).vertices
    distance_m = np.linalg.norm(head.mean_m[None] - head.mean_m[own][:, None], axis=2)
    near = [
        np.union1d(np.flatnonzero(row < reach_m), [vertex])
        for row, vertex in zip(distance_m, own, strict=True)
    ]
    vertices = np.unique(np.concatenate(near))
    place = np.full(head.vertex_count, -1)
    place[vertices] = np.arange(len(vertices))
    return VertexCandidates(vertices, tuple(place[one] for one in near), place[own])


@dataclass(frozen=True, eq=False)
class Consistency:
    """Errors of one method, shares of the face's size; NaN where it found nothing.

    Attributes:
        nme: (M, L) against the landmarks' own vertices; nmlc: (M, L) against the chosen ones.
        chosen: (L,) places of the chosen vertices among the candidates.
    """

    nme: Float[np.ndarray, "pictures landmarks"]
    nmlc: Float[np.ndarray, "pictures landmarks"]
    chosen: Int[np.ndarray, " landmarks"]


def consistency(
    points_px: Float[np.ndarray, "pictures landmarks 2"],
    vertices_px: Float[np.ndarray, "pictures vertices 2"],
    sizes_px: Float[np.ndarray, " pictures"],
    candidates: VertexCandidates,
) -> Consistency:
    """Both errors of a method's 2.5D landmarks.

    Args:
        points_px: what it found; NaN: nothing.
        vertices_px: the candidates' true projections; sizes_px: of the faces, √(height · width) of the box
            around them.
    """
    nme, nmlc, chosen = [], [], []
    for landmark, members in enumerate(candidates.members):
        own = vertices_px[:, candidates.own[landmark]]
        nme.append(np.linalg.norm(points_px[:, landmark] - own, axis=1) / sizes_px)
        away = np.linalg.norm(points_px[:, landmark, None] - vertices_px[:, members], axis=2)
        away /= sizes_px[:, None]
        best = int(np.argmin(np.nanmean(away, axis=0))) if np.isfinite(away).any() else 0
        nmlc.append(away[:, best])
        chosen.append(members[best])
    return Consistency(np.stack(nme, axis=1), np.stack(nmlc, axis=1), np.array(chosen))


def face_sizes_px(points_px: Float[np.ndarray, "pictures landmarks 2"]) -> Float[np.ndarray, " pictures"]:
    """√(height · width) of the boxes around landmarks."""
    return np.sqrt(np.prod(points_px.max(axis=1) - points_px.min(axis=1), axis=1))
