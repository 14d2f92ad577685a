"""The visible surface of a posed head, and where points in space lie with respect to it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from mien.geometry.normals import vertex_normals
from mien.geometry.triangle_lattice import triangle_lattice
from mien.heads.model import Head
from mien.looks.materials import OPAQUE, vertices_of

SPACING_M = 0.006
"""At most, between points of the surface among which the nearest is sought."""
MARGIN_M, ROUND_M = 0.008, 0.01
MANY = 4096
"""Points among several threads are shared out from so many on."""
SURELY_BELOW = 0.3
"""Cosine between a surface's normal and the way down from it, from which on a point is inside."""
DISPLACEMENT_UNIT_M = 0.01
LOCAL_CHANNELS = 4


@dataclass(frozen=True, eq=False)
class SurfaceTopology:
    """What is the same for all posed heads: opaque triangles, the neck closed, and points spread over them.

    Attributes:
        triangles: (T, 3) vertex indices; V stands for the middle of the neck's edge, `neck` (K,).
        uv: (T, 3, 2) texture coordinates of the corners, v up.
        triangle, weights: (P,) and (P, 3) barycentric, of the points.
    """

    triangles: Int[np.ndarray, "triangles 3"]
    uv: Float[np.ndarray, "triangles 3 2"]
    neck: Int[np.ndarray, " neck"]
    triangle: Int[np.ndarray, " points"]
    weights: Float[np.ndarray, "points 3"]


@lru_cache(maxsize=2)
def surface_topology(head: Head) -> SurfaceTopology:
    """Skin, mouth and eyes without corneas, brows and lashes; where the neck ends, a lid."""
    opaque = vertices_of(head, *OPAQUE)[head.triangles[:, 0]]
    triangles, uv = head.triangles[opaque].astype(np.int64), head.uv[head.uv_triangles[opaque]]
    skin = head.vertex_parts[triangles[:, 0]] == head.part_names.index("skin")
    own = triangles[skin]
    edges = np.concatenate([own[:, [0, 1]], own[:, [1, 2]], own[:, [2, 0]]])
    corners = np.concatenate([uv[skin][:, 0], uv[skin][:, 1], uv[skin][:, 2]])
    _, which, uses = np.unique(np.sort(edges, axis=1), axis=0, return_inverse=True, return_counts=True)
    lowest_m = head.mean_m[:, 1].min() + 0.03
    border = (uses[which.ravel()] == 1) & (head.mean_m[edges[:, 0], 1] < lowest_m)
    middle = np.full((border.sum(), 1), head.vertex_count)
    fan = np.concatenate([edges[border][:, ::-1], middle], axis=1)
    fan_uv = np.repeat(corners[border][:, None], 3, axis=1)
    triangles, uv = np.concatenate([triangles, fan]), np.concatenate([uv, fan_uv])
    neck = np.unique(edges[border])
    vertices_m = _with_middle(head.mean_m, neck)
    triangle, weights = triangle_lattice(vertices_m[triangles], SPACING_M)
    return SurfaceTopology(triangles, uv.astype(np.float32), neck, triangle, weights.astype(np.float32))


def _with_middle(vertices_m: np.ndarray, neck: np.ndarray) -> np.ndarray:
    return np.concatenate([vertices_m, vertices_m[neck].mean(axis=0, keepdims=True)])


def closed_mesh(
    head: Head, vertices_m: Float[np.ndarray, "vertices 3"]
) -> tuple[Float[np.ndarray, "more 3"], Int[np.ndarray, "triangles 3"]]:
    """The visible surface of a posed head with its lid, as vertices and triangles."""
    topology = surface_topology(head)
    return _with_middle(vertices_m, topology.neck), topology.triangles


@dataclass(frozen=True)
class SurfacePlaces:
    """Where points lie with respect to a surface.

    Attributes:
        uv: (M, 2) texture coordinates of the foot, v up.
        height_m: (M,) distance from the foot; negative inside.
        distance_m: (M,) to the nearest of the surface's points.
        normals: (M, 3) of the surface at the foot, unit, smooth over triangles.
        local: (M, 4) what the head does there: its displacement from the mean head at rest, centimetres, and
            how much it is stretched, logarithm of the area.
    """

    uv: Float[Tensor, "m 2"]
    height_m: Float[Tensor, " m"]
    distance_m: Float[Tensor, " m"]
    normals: Float[Tensor, "m 3"]
    local: Float[Tensor, "m 4"]


class HeadSurface:
    """A posed head's surface.

    Args:
        vertices_m: (V, 3) of the head.

    Attributes:
        points_m: (P, 3) spread over the surface, `SPACING_M` apart.
    """

    def __init__(
        self, head: Head, vertices_m: Float[np.ndarray, "vertices 3"], *, device: torch.device | str = "cpu"
    ) -> None:
        topology = surface_topology(head)
        self.device = torch.device(device)
        every_m = _with_middle(vertices_m, topology.neck).astype(np.float32)
        corners_m = every_m[topology.triangles]
        self.vertices_m, self.triangles = every_m, topology.triangles
        normals = vertex_normals(every_m.astype(float), topology.triangles).astype(np.float32)
        points_m = np.einsum("pk,pkc->pc", topology.weights, corners_m[topology.triangle])
        ab, ac = corners_m[:, 1] - corners_m[:, 0], corners_m[:, 2] - corners_m[:, 0]
        face = np.cross(ab, ac)
        squared = np.maximum((face**2).sum(axis=1, keepdims=True), 1e-20)
        # Barycentric coordinates of a foot: two dot products with these, for corners b and c
        to_b, to_c = np.cross(ac, face) / squared, np.cross(face, ab) / squared
        local = _local(head, topology, every_m)
        # Per triangle, in one row: corner a, two edges, to_b, to_c, three normals, three uv, three local
        table = np.concatenate(
            [
                corners_m[:, 0], ab, ac, to_b, to_c, normals[topology.triangles].reshape(-1, 9),
                topology.uv.reshape(-1, 6), local[topology.triangles].reshape(-1, 12),
            ],
            axis=1,
        )  # fmt: skip
        self._table = torch.from_numpy(table.astype(np.float32)).to(self.device)
        self._triangle = torch.from_numpy(topology.triangle).to(self.device)
        self.points_m = torch.from_numpy(points_m).to(self.device)
        self._tree = None

    @property
    def bounds_m(self) -> Float[np.ndarray, "2 3"]:
        """Corners of the box around it, with room for what a field makes of it.

        They are rounded, so that a mouth that opens moves no box, and with it the samples of all rays.
        """
        low_m, high_m = self.vertices_m.min(axis=0) - MARGIN_M, self.vertices_m.max(axis=0) + MARGIN_M
        return ROUND_M * np.stack([np.floor(low_m / ROUND_M), np.ceil(high_m / ROUND_M)]).astype(float)

    def places(self, points_m: Float[Tensor, "m 3"]) -> SurfacePlaces:
        """Where points lie."""
        nearest, distance_m = self._nearest(points_m)
        row = self._table.index_select(0, self._triangle.index_select(0, nearest))
        offset = points_m - row[:, 0:3]
        b = (offset * row[:, 9:12]).sum(dim=1)
        c = (offset * row[:, 12:15]).sum(dim=1)
        weights = torch.stack([1 - b - c, b, c], dim=1).clamp(0, 1)
        weights = weights / weights.sum(dim=1, keepdim=True)
        away = offset - weights[:, 1:2] * row[:, 3:6] - weights[:, 2:3] * row[:, 6:9]
        normals = (weights[:, :, None] * row[:, 15:24].reshape(-1, 3, 3)).sum(dim=1)
        length_m = away.norm(dim=1)
        # Straight beyond a sharp edge (an ear's, the neck's) a point lies outside
        below = (away * normals).sum(dim=1) < -SURELY_BELOW * length_m * normals.norm(dim=1)
        height_m = torch.where(below, -length_m, length_m)
        uv = (weights[:, :, None] * row[:, 24:30].reshape(-1, 3, 2)).sum(dim=1)
        local = (weights[:, :, None] * row[:, 30:42].reshape(-1, 3, 4)).sum(dim=1)
        return SurfacePlaces(uv, height_m, distance_m, torch.nn.functional.normalize(normals, dim=1), local)

    def _nearest(self, points_m: Tensor) -> tuple[Tensor, Tensor]:
        if self.device.type == "cpu":
            from scipy.spatial import cKDTree

            if self._tree is None:
                self._tree = cKDTree(self.points_m.numpy(), leafsize=24, balanced_tree=False)
            workers = torch.get_num_threads() if len(points_m) > MANY else 1
            distance_m, nearest = self._tree.query(points_m.detach().numpy(), workers=workers)
            return torch.from_numpy(nearest), torch.from_numpy(distance_m.astype(np.float32))
        found = [torch.cdist(some, self.points_m).min(dim=1) for some in points_m.split(4096)]
        return torch.cat([each.indices for each in found]), torch.cat([each.values for each in found])


def _local(
    head: Head, topology: SurfaceTopology, vertices_m: Float[np.ndarray, "v 3"]
) -> Float[np.ndarray, "v 4"]:
    """`SurfacePlaces.local` of the vertices."""
    mean_m, areas = _mean_areas(head)
    stretch = np.log(np.clip(_vertex_areas(vertices_m, topology.triangles) / areas, 0.1, 10.0))
    return np.concatenate([(vertices_m - mean_m) / DISPLACEMENT_UNIT_M, stretch[:, None]], axis=1)


@lru_cache(maxsize=2)
def _mean_areas(head: Head) -> tuple[np.ndarray, np.ndarray]:
    topology = surface_topology(head)
    mean_m = _with_middle(head.mean_m, topology.neck)
    return mean_m, _vertex_areas(mean_m, topology.triangles)


def _vertex_areas(vertices_m: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Areas of the triangles around each vertex; a little more than 0."""
    a, b, c = (vertices_m[triangles[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    return np.bincount(triangles.ravel(), np.repeat(area, 3), minlength=len(vertices_m)) + 1e-9
