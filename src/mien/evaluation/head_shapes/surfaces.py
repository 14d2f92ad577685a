"""What goes wrong with a surface that moves: folds, spikes, lips in lips, skin in eyeballs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sparse
from jaxtyping import Float

from mien.evaluation.head_shapes.seams import Seam, seams_of, skin_quads
from mien.geometry.closest_points import closest_on_surface
from mien.head_building.makehuman import triangulated
from mien.heads.model import Head

FOLD_RAD = np.radians(150)
"""Between the normals of two quads that share an edge."""
SPIKE_SHARE = 0.75
"""Of the length of its edges that a vertex may move otherwise than its neighbours do."""
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
        """(E, 2) quads that share an edge."""
        edges = np.concatenate([self.quads[:, [k, (k + 1) % 4]] for k in range(4)])
        owner = np.tile(np.arange(len(self.quads)), 4)
        edges = np.sort(edges, axis=1)
        order = np.lexsort(edges.T)
        same = (edges[order][1:] == edges[order][:-1]).all(axis=1)
        return np.stack([owner[order][:-1][same], owner[order][1:][same]], axis=1)

    @cached_property
    def _neighbour_mean(self) -> sparse.csr_matrix:
        count = self.head.vertex_count
        edges = np.concatenate([self.quads[:, [k - 1, k]] for k in range(4)])
        both = np.concatenate([edges, edges[:, ::-1]])
        adjacency = sparse.coo_matrix((np.ones(len(both)), both.T), shape=(count, count)).tocsr()
        adjacency.data[:] = 1
        degree = np.maximum(np.asarray(adjacency.sum(axis=1)).ravel(), 1)
        return sparse.csr_matrix(sparse.diags(1 / degree) @ adjacency)

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
        """(S,) vertices that move otherwise than their neighbours by more than `SPIKE_SHARE` of their edges."""
        away_m = moved_m - rest_m
        lonely_m = np.linalg.norm(away_m - self._neighbour_mean @ away_m, axis=1)
        used = np.unique(self.quads)
        edges = np.concatenate([self.quads[:, [k - 1, k]] for k in range(4)])
        length_m = np.linalg.norm(rest_m[edges[:, 0]] - rest_m[edges[:, 1]], axis=1)
        count = self.head.vertex_count
        total = np.bincount(edges.ravel(), np.repeat(length_m, 2), count)
        mean_m = total / np.maximum(np.bincount(edges.ravel(), minlength=count), 1)
        skin = self.head.vertex_parts[used] == self.head.part_names.index("skin")
        return used[skin & (lonely_m[used] > SPIKE_SHARE * mean_m[used])]

    def lips_through_mm(self, vertices_m: Float[np.ndarray, "vertices 3"]) -> float:
        """How deep, at most, a vertex of one lip lies inside the other lip, millimetres."""
        lips = self.seams[0]
        deepest = 0.0
        for own, other in ((lips.upper, lips.lower), (lips.lower, lips.upper)):
            triangles = self._lip_triangles(other)
            points_m = vertices_m[lips.rings[1:9][:, own[2:-2]].ravel()]
            found = closest_on_surface(points_m, vertices_m, triangles)
            corners = vertices_m[triangles[found.triangles]]
            normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
            normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-15)
            inside = np.einsum("nc,nc->n", found.points_m - points_m, normals)
            # Past the patch's border the nearest point lies on an edge, and the normal says nothing.
            straight = inside > 0.9 * found.distances_m
            depth = np.where(straight & (found.distances_m < LIP_REACH_M), inside, 0)
            deepest = max(deepest, float(depth.max(initial=0)))
        return 1000 * deepest

    def _lip_triangles(self, columns: np.ndarray) -> np.ndarray:
        rings = self.seams[0].rings
        a, b = rings[:-1][:, columns[1:-2]], rings[:-1][:, columns[2:-1]]
        c, d = rings[1:][:, columns[2:-1]], rings[1:][:, columns[1:-2]]
        quads = np.stack([a, b, c, d], axis=-1).reshape(-1, 4)
        known = {frozenset(quad): quad for quad in self.quads.tolist()}
        return triangulated(np.array([known[frozenset(quad)] for quad in quads.tolist()]))

    def skin_in_eyes_mm(self, vertices_m: Float[np.ndarray, "vertices 3"], centres_m: np.ndarray) -> float:
        """How deep, at most, skin or the middle of its quads lies in an eyeball or its cornea, millimetres."""
        deepest = 0.0
        for side, centre_m in zip(("left", "right"), centres_m, strict=True):
            names = [name for name in (f"{side}_eye", f"{side}_cornea") if name in self.head.part_names]
            members = np.isin(self.head.vertex_parts, [self.head.part_names.index(name) for name in names])
            ball = self.head.triangles[members[self.head.triangles].all(axis=1)]
            quads = self.quads[np.linalg.norm(vertices_m[self.quads[:, 0]] - centre_m, axis=1) < 0.02]
            points_m = np.concatenate([vertices_m[np.unique(quads)], vertices_m[quads].mean(axis=1)]) - centre_m
            surface_m = _distance_along(points_m, vertices_m - centre_m, ball)
            deepest = max(deepest, float((surface_m - np.linalg.norm(points_m, axis=1)).max(initial=0)))
        return 1000 * deepest


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
