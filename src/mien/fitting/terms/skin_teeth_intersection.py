"""Lips stay outside the convex hulls of the teeth (Wood et al. 2022, §3.2 and Fig. 7: E_intersect)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Integer

from mien.fitting.head_state import HeadState
from mien.fitting.normal_equations import NormalEquations
from mien.fitting.rest_points import RestPoints, shape_columns, skin_vertices
from mien.heads.model import Head

TEETH_PARTS = ("upper_teeth", "lower_teeth")

_REACH_M = 0.015
"""Skin within this distance of a hull on the mean head is watched."""


@dataclass(frozen=True, eq=False)
class _Row:
    """One row of teeth: its hull's corners and facets, and the skin near it."""

    corners: RestPoints
    facets: Integer[np.ndarray, "facets 3"]
    skin: RestPoints
    allowed_m: Float[np.ndarray, " points"]


@dataclass(frozen=True, eq=False)
class SkinTeethTerm:
    """½ Σ (how far skin vertices are inside a row's hull / deviation)².

    Depth is the distance to the nearest of the hull's planes, which move with the teeth as the jaw opens;
    which teeth span the hull is decided on the mean head. What lies inside there already may stay as deep.
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
            signed_m, _, _ = _signed_distances(row.skin.at(state), row.corners.at(state), row.facets)
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
            skin_m, corners_m = row.skin.at(state), row.corners.at(state)
            signed_m, nearest, normals = _signed_distances(skin_m, corners_m, row.facets)
            depths_m = -signed_m - row.allowed_m
            inside = np.flatnonzero(depths_m > 0)
            if not len(inside):
                continue
            # The distance to a plane changes with the point, and with the plane at the point's foot on it.
            jacobian = -row.skin.pulled_back(normals, inside, unknowns)
            corner_places = row.facets[nearest]
            weights = _foot_weights(skin_m, corners_m[corner_places])
            for corner in range(3):
                pull = np.zeros_like(corners_m)[corner_places[:, corner]]
                pull += weights[:, corner, None] * normals
                moved = RestPoints(
                    row.corners.mean_m[corner_places[:, corner]],
                    row.corners.identity_m[:, corner_places[:, corner]],
                    row.corners.expression_m[:, corner_places[:, corner]],
                )
                jacobian += moved.pulled_back(pull, inside, unknowns)
            normal.add_block(columns, depths_m[inside] / self.deviation_m, jacobian / self.deviation_m)


def _signed_distances(
    points_m: np.ndarray, corners_m: np.ndarray, facets: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(K,) distance to the plane that is left first, negative inside; that facet; its normal."""
    a, b, c = (corners_m[facets[:, corner]] for corner in range(3))
    normals = np.cross(b - a, c - a)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    distances_m = points_m @ normals.T - (a * normals).sum(axis=1)
    nearest = distances_m.argmax(axis=1)
    return distances_m[np.arange(len(points_m)), nearest], nearest, normals[nearest]


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
    from scipy.spatial import ConvexHull

    rows = []
    skin = skin_vertices(head)
    for part in TEETH_PARTS:
        if part not in head.part_names:
            continue
        teeth = np.flatnonzero(head.vertex_parts == head.part_names.index(part))
        hull = ConvexHull(head.mean_m[teeth])
        corners, flat = np.unique(hull.simplices, return_inverse=True)
        facets = flat.reshape(hull.simplices.shape)
        places_m = head.mean_m[teeth[corners]]
        # SciPy's simplices have no common winding: turn them to face outwards.
        a, b, c = (places_m[facets[:, corner]] for corner in range(3))
        inward = (np.cross(b - a, c - a) * hull.equations[:, :3]).sum(axis=1) < 0
        facets[inward] = facets[inward][:, [0, 2, 1]]
        signed_m, _, _ = _signed_distances(head.mean_m[skin], places_m, facets)
        near = signed_m < _REACH_M
        rows.append(
            _Row(
                corners=RestPoints.of(head, teeth[corners]),
                facets=facets,
                skin=RestPoints.of(head, skin[near]),
                allowed_m=np.maximum(-signed_m[near], 0),
            )
        )
    return tuple(rows)
