"""Lips stay outside the convex hulls of the teeth (Wood et al. 2022, §3.2 and Fig. 7: E_intersect)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Integer

from mien.fitting.rest_points import RestPoints, shape_columns, skin_vertices
from mien.fitting.scene.head_state import HeadState
from mien.heads.model import Head
from mien.least_squares.normal_equations import NormalEquations

TEETH_PARTS = ("upper_teeth", "lower_teeth")

_REACH_M = 0.015
"""Skin within this distance of a hull on the mean head is watched."""
_SURFACE_M = 0.002
"""Vertices of teeth so near to their row's hull on the mean head can become its corners on other people."""


@dataclass(frozen=True, eq=False)
class _Row:
    """One row of teeth: the vertices that can span its hull, and the skin near it."""

    corners: RestPoints
    skin: RestPoints
    allowed_m: Float[np.ndarray, " points"]


@dataclass(frozen=True)
class _Hull:
    """A convex hull: corners of each facet, outward normals and offsets of the facets' planes."""

    facets: Integer[np.ndarray, "facets 3"]
    normals: Float[np.ndarray, "facets 3"]
    offsets_m: Float[np.ndarray, " facets"]

    def signed_distances(self, points_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(K,) distance to the plane that is left first, negative inside; and (K,) whose facet that is."""
        distances_m = points_m @ self.normals.T
        distances_m += self.offsets_m
        nearest = distances_m.argmax(axis=1)
        return distances_m[np.arange(len(points_m)), nearest], nearest


@dataclass(frozen=True, eq=False)
class SkinTeethTerm:
    """½ Σ (how far skin vertices are inside a row's hull / deviation)².

    Depth is the distance to the nearest plane of the hull of the teeth as they are, which moves with identity
    and as the jaw opens. What lies inside on the mean head already may stay as deep.
    """

    rows: tuple[_Row, ...]
    deviation_m: float
    name: str = "skin outside teeth"

    @staticmethod
    def of(head: Head, *, deviation_m: float) -> SkinTeethTerm | None:
        """The term, or None for a head without teeth."""
        rows = _rows(head)
        return SkinTeethTerm(rows, deviation_m) if rows else None

    def depths_m(self, state: HeadState) -> Float[np.ndarray, " points"]:
        """How far each watched vertex is inside, beyond what it may; 0 outside."""
        found = []
        for row in self.rows:
            signed_m, _ = _hull_at(row, state).signed_distances(row.skin.at(state))
            found.append(np.maximum(-signed_m - row.allowed_m, 0))
        return np.concatenate(found)

    def cost(self, state: HeadState) -> float:
        return 0.5 * float((self.depths_m(state) ** 2).sum()) / self.deviation_m**2

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        unknowns = state.scene.unknowns
        columns = shape_columns(unknowns)
        if not len(columns):
            normal.cost += self.cost(state)
            return
        for row in self.rows:
            hull, skin_m = _hull_at(row, state), row.skin.at(state)
            signed_m, nearest = hull.signed_distances(skin_m)
            depths_m = -signed_m - row.allowed_m
            inside = np.flatnonzero(depths_m > 0)
            if not len(inside):
                continue
            # The distance to a plane changes with the point, and with the plane at the point's foot on it.
            normals, facets = hull.normals[nearest[inside]], hull.facets[nearest[inside]]
            weights = _foot_weights(skin_m[inside], row.corners.at(state)[facets])
            jacobian = -row.skin.pulled_back(normals, inside, state)
            for corner in range(3):
                pull = weights[:, corner, None] * normals
                jacobian += row.corners.pulled_back(pull, facets[:, corner], state)
            normal.add_block(columns, depths_m[inside] / self.deviation_m, jacobian / self.deviation_m)


def _hull_at(row: _Row, state: HeadState) -> _Hull:
    return _hull_of(row.corners.at(state).tobytes())


@lru_cache(maxsize=4)
def _hull_of(corners: bytes) -> _Hull:
    """The hull of (N, 3) float64 points; kept, as solvers ask for cost and derivatives at one place."""
    from scipy.spatial import ConvexHull

    places_m = np.frombuffer(corners).reshape(-1, 3)
    if not np.isfinite(places_m).all():
        nowhere = np.full((1, 3), np.nan)
        return _Hull(np.zeros((1, 3), np.int64), nowhere, nowhere[0, :1])
    hull = ConvexHull(places_m)
    return _Hull(hull.simplices, hull.equations[:, :3], hull.equations[:, 3])


def _foot_weights(points_m: np.ndarray, triangles_m: np.ndarray) -> np.ndarray:
    """(K, 3) barycentric weights of each point's foot on its triangle's plane."""
    a = triangles_m[:, 0]
    ab, ac, ap = triangles_m[:, 1] - a, triangles_m[:, 2] - a, points_m - a
    d00, d01, d11 = (ab * ab).sum(-1), (ab * ac).sum(-1), (ac * ac).sum(-1)
    d20, d21 = (ap * ab).sum(-1), (ap * ac).sum(-1)
    area = np.maximum(d00 * d11 - d01 * d01, 1e-30)
    v, w = (d11 * d20 - d01 * d21) / area, (d00 * d21 - d01 * d20) / area
    return np.stack([1 - v - w, v, w], axis=1)


@lru_cache(maxsize=8)
def _rows(head: Head) -> tuple[_Row, ...]:
    rows = []
    skin = skin_vertices(head)
    for part in TEETH_PARTS:
        if part not in head.part_names:
            continue
        teeth = np.flatnonzero(head.vertex_parts == head.part_names.index(part))
        hull = _hull_of(np.ascontiguousarray(head.mean_m[teeth], dtype=float).tobytes())
        at_surface = hull.signed_distances(head.mean_m[teeth])[0] > -_SURFACE_M
        signed_m, _ = hull.signed_distances(head.mean_m[skin])
        near = signed_m < _REACH_M
        rows.append(
            _Row(
                corners=RestPoints.of(head, teeth[at_surface]),
                skin=RestPoints.of(head, skin[near]),
                allowed_m=np.maximum(-signed_m[near], 0),
            )
        )
    return tuple(rows)
