"""What goes wrong with a surface that moves: folds, spikes, lips in lips, skin in eyeballs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from mien.evaluation.head_shapes.seams import Seam, seams_of, skin_quads
from mien.geometry.closest_points import closest_on_surface
from mien.head_building.makehuman import triangulated
from mien.heads.model import Head

FOLD_RAD = np.radians(150)
"""Between the normals of two quads that share an edge."""
SPIKE_SHARE = 0.75
"""Of the length of an edge by which its ends may move differently."""
_VERMILION = 9
"""Rings of the lips."""
_MOUTH_M = 0.06
"""How far from the lips what is inside the mouth can come through the skin."""
_OUT_REACH_M = 0.012
_INSIDE = ("upper_teeth", "lower_teeth", "upper_gums", "lower_gums", "tongue", "mouth_interior")
LIP_REACH_M = 0.003
"""How far inside the other lip a vertex is looked for."""


@dataclass(frozen=True, eq=False)
class JudgedSurface:
    """A head's skin in quads and what its shapes are judged by, found once.

    Attributes:
        quads: (Q, 4) skin, mouth and sockets; seams: lips, left lids, right lids.
    """

    head: Head
    quads: np.ndarray
    seams: tuple[Seam, Seam, Seam]

    @staticmethod
    def of(head: Head) -> JudgedSurface:
        """Raises InputError for heads without quads or parts."""
        return JudgedSurface(head, head.quads[skin_quads(head)], seams_of(head))

    @cached_property
    def _pairs(self) -> np.ndarray:
        """(E, 2) quads of skin that one can see and that share an edge."""
        edges = np.concatenate([self.quads[:, [k, (k + 1) % 4]] for k in range(4)])
        owner = np.tile(np.arange(len(self.quads)), 4)
        edges = np.sort(edges, axis=1)
        order = np.lexsort(edges.T)
        same = (edges[order][1:] == edges[order][:-1]).all(axis=1)
        pairs = np.stack([owner[order][:-1][same], owner[order][1:][same]], axis=1)
        return pairs[self._shown[pairs].all(axis=1)]

    def folds(self, rest_m: Float[np.ndarray, "vertices 3"], moved_m: Float[np.ndarray, "vertices 3"]) -> int:
        """How many edges are folded that are not so at rest."""
        return int((self._turned(moved_m) & ~self._turned(rest_m)).sum())

    def folded_at(self, rest_m: np.ndarray, moved_m: np.ndarray) -> np.ndarray:
        """(F, 3) where these edges' quads are."""
        new = self._turned(moved_m) & ~self._turned(rest_m)
        return moved_m[self.quads[self._pairs[new].ravel()]].mean(axis=1)

    def _turned(self, vertices_m: np.ndarray) -> np.ndarray:
        normals = self._normals(vertices_m)
        cosine = np.einsum("ec,ec->e", normals[self._pairs[:, 0]], normals[self._pairs[:, 1]])
        return cosine < np.cos(FOLD_RAD)

    def _normals(self, vertices_m: np.ndarray) -> np.ndarray:
        corners = vertices_m[self.quads]
        normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
        return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-15)

    def spikes(self, rest_m: np.ndarray, moved_m: np.ndarray) -> np.ndarray:
        """(S,) vertices of skin that move otherwise than every neighbour of theirs by more than `SPIKE_SHARE`
        of the edge to it."""
        away_m = moved_m - rest_m
        edges = np.concatenate([self.quads[:, [k - 1, k]] for k in range(4)])
        length_m = np.linalg.norm(rest_m[edges[:, 0]] - rest_m[edges[:, 1]], axis=1)
        share = np.linalg.norm(away_m[edges[:, 0]] - away_m[edges[:, 1]], axis=1) / np.maximum(length_m, 1e-9)
        least = np.full(self.head.vertex_count, np.inf)
        for column in (0, 1):
            np.minimum.at(least, edges[:, column], share)
        used = np.unique(self.quads)
        skin = self.head.vertex_parts[used] == self.head.part_names.index("skin")
        return used[skin & (least[used] > SPIKE_SHARE)]

    def lips_through_mm(self, vertices_m: Float[np.ndarray, "vertices 3"]) -> float:
        """How deep, at most, a vertex of one lip lies inside the other lip, millimetres."""
        lips = self.seams[0]
        deepest = 0.0
        for own, other in ((lips.upper, lips.lower), (lips.lower, lips.upper)):
            points_m = vertices_m[lips.rings[lips.contact : _VERMILION][:, own[3:-3]].ravel()]
            depth_m = _depths_m(points_m, vertices_m, self._lip_triangles(other))
            deepest = max(deepest, float(np.where(depth_m < LIP_REACH_M, depth_m, 0).max(initial=0)))
        return 1000 * deepest

    @cached_property
    def _shown(self) -> np.ndarray:
        """(Q,) quads of skin, without those behind where lips and lids touch."""
        hidden = self.head.vertex_parts != self.head.part_names.index("skin")
        for seam in self.seams:
            hidden[seam.rings[: seam.contact].ravel()] = True
        return ~hidden[self.quads].any(axis=1)

    @cached_property
    def _around_mouth(self) -> np.ndarray:
        """(T, 3) skin about the mouth, the lips left out."""
        lips = self.seams[0].rings
        hidden = np.zeros(self.head.vertex_count, bool)
        hidden[lips[:_VERMILION].ravel()] = True
        middle_m = self.head.mean_m[lips[0]].mean(axis=0)
        near = np.linalg.norm(self.head.mean_m[self.quads].mean(axis=1) - middle_m, axis=1) < _MOUTH_M
        return triangulated(self.quads[self._shown & near & ~hidden[self.quads].any(axis=1)])

    def inside_out_mm(self, vertices_m: Float[np.ndarray, "vertices 3"], *, tongue: bool = True) -> float:
        """How far, at most, teeth, gums, tongue or the mouth's lining stand out of the lips' skin."""
        names = [name for name in _INSIDE if name in self.head.part_names and (tongue or name != "tongue")]
        chosen = np.isin(self.head.vertex_parts, [self.head.part_names.index(name) for name in names])
        depth_m = _depths_m(vertices_m[chosen], vertices_m, self._around_mouth)
        out_m = np.where(-depth_m < _OUT_REACH_M, -depth_m, 0)
        return 1000 * float(np.maximum(out_m, 0).max(initial=0))

    def _lip_triangles(self, columns: np.ndarray) -> np.ndarray:
        rings = self.seams[0].rings
        a, b = rings[:-1][:, columns[1:-2]], rings[:-1][:, columns[2:-1]]
        c, d = rings[1:][:, columns[2:-1]], rings[1:][:, columns[1:-2]]
        quads = np.stack([a, b, c, d], axis=-1).reshape(-1, 4)
        known = {frozenset(quad): quad for quad in self.quads.tolist()}
        return triangulated(np.array([known[frozenset(quad)] for quad in quads.tolist()]))

    def skin_in_eyes_mm(self, vertices_m: Float[np.ndarray, "vertices 3"], centres_m: np.ndarray) -> float:
        """How deep, at most, skin outside the lids' outer edges, or the middle of one of its quads, lies in
        an         eyeball or its cornea, millimetres."""
        deepest = 0.0
        for side, centre_m in zip(("left", "right"), centres_m, strict=True):
            names = [name for name in (f"{side}_eye", f"{side}_cornea") if name in self.head.part_names]
            members = np.isin(self.head.vertex_parts, [self.head.part_names.index(name) for name in names])
            ball = self.head.triangles[members[self.head.triangles].all(axis=1)]
            near = np.linalg.norm(vertices_m[self.quads[:, 0]] - centre_m, axis=1) < 0.02
            quads = self.quads[near & self._shown]
            points_m = (
                np.concatenate([vertices_m[np.unique(quads)], vertices_m[quads].mean(axis=1)]) - centre_m
            )
            surface_m = _distance_along(points_m, vertices_m - centre_m, ball)
            deepest = max(deepest, float((surface_m - np.linalg.norm(points_m, axis=1)).max(initial=0)))
        return 1000 * deepest


def _depths_m(points_m: np.ndarray, vertices_m: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(N,) how deep each point lies behind a piece of surface, negative before it; 0 beside it."""
    found = closest_on_surface(points_m, vertices_m, triangles)
    corners = vertices_m[triangles[found.triangles]]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-15)
    depth_m = np.einsum("nc,nc->n", found.points_m - points_m, normals)
    # Past the border the nearest point lies on an edge, and the normal says nothing.
    return np.where(np.abs(depth_m) > 0.9 * found.distances_m, depth_m, 0)


def _distance_along(directions: np.ndarray, vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(N,) how far from the origin the farthest of the triangles is that each direction meets; 0 for none."""
    from scipy.spatial import cKDTree

    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    corners = vertices[triangles]
    middles = corners.mean(axis=1)
    near = cKDTree(middles / np.linalg.norm(middles, axis=1, keepdims=True)).query(unit, k=24)[1]
    a, b, c = (corners[near, k] for k in range(3))
    normals = np.cross(b - a, c - a)
    facing = np.einsum("nkc,nc->nk", normals, unit)
    along = np.einsum("nkc,nkc->nk", normals, a) / np.where(np.abs(facing) < 1e-18, np.inf, facing)
    places = along[..., None] * unit[:, None]
    inside = np.ones(near.shape, bool)
    for start, end in ((a, b), (b, c), (c, a)):
        side = np.einsum("nkc,nkc->nk", np.cross(end - start, places - start), normals)
        inside &= side >= -1e-9 * np.einsum("nkc,nkc->nk", normals, normals)
    return np.where(inside & (along > 0), along, 0).max(axis=1)
