"""Closest points on a triangle mesh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Integer


@dataclass(frozen=True, eq=False)
class SurfacePoints:
    """Points on a mesh.

    Attributes:
        triangles: (N,) index of the triangle that each lies on.
        barycentric: (N, 3) weights of its corners; they are ≥ 0 and sum to 1.
        points_m: (N, 3) the points.
        distances_m: (N,) how far each is from what was asked for.
    """

    triangles: Integer[np.ndarray, " n"]
    barycentric: Float[np.ndarray, "n 3"]
    points_m: Float[np.ndarray, "n 3"]
    distances_m: Float[np.ndarray, " n"]


def closest_on_surface(
    queries_m: Float[np.ndarray, "n 3"],
    vertices_m: Float[np.ndarray, "vertices 3"],
    triangles: Integer[np.ndarray, "triangles 3"],
    *,
    query_normals: Float[np.ndarray, "n 3"] | None = None,
    neighbours: int = 24,
) -> SurfacePoints:
    """The closest point of the surface to each query.

    Exact when the closest triangle is among the `neighbours` with the nearest centres, as on meshes whose
    triangles do not differ wildly in size.

    Args:
        query_normals: unit normals; triangles that face away from a query's normal (more than 90°) are then
            taken only when no other is near: an upper lid does not match a lower one.
    """
    from scipy.spatial import cKDTree

    corners_m = vertices_m[triangles]
    count = min(neighbours, len(triangles))
    near = cKDTree(corners_m.mean(axis=1)).query(queries_m, k=count)[1].reshape(len(queries_m), count)
    a, b, c = (corners_m[near, corner] for corner in range(3))
    weights = _closest_barycentric(queries_m[:, None], a, b, c)
    points_m = weights[..., :1] * a + weights[..., 1:2] * b + weights[..., 2:] * c
    distances_m = np.linalg.norm(points_m - queries_m[:, None], axis=2)
    score = distances_m
    if query_normals is not None:
        facing = np.einsum("nkc,nc->nk", np.cross(b - a, c - a), query_normals) > 0
        score = np.where(facing, distances_m, distances_m + 1e3)
    rows, best = np.arange(len(queries_m)), score.argmin(axis=1)
    return SurfacePoints(near[rows, best], weights[rows, best], points_m[rows, best], distances_m[rows, best])


def _closest_barycentric(p: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Weights of the point of triangle abc closest to p: its plane's foot, or the best of three edges."""
    ab, ac, ap = b - a, c - a, p - a
    d00, d01, d11 = (ab * ab).sum(-1), (ab * ac).sum(-1), (ac * ac).sum(-1)
    d20, d21 = (ap * ab).sum(-1), (ap * ac).sum(-1)
    area = np.maximum(d00 * d11 - d01 * d01, 1e-30)
    v, w = (d11 * d20 - d01 * d21) / area, (d00 * d21 - d01 * d20) / area
    foot = np.stack([1 - v - w, v, w], axis=-1)
    inside = (foot >= 0).all(axis=-1)

    best, nearest = foot, np.where(inside, -1.0, np.inf)
    for start, end, order in ((a, b, (0, 1, 2)), (b, c, (1, 2, 0)), (c, a, (2, 0, 1))):
        edge = end - start
        along = ((p - start) * edge).sum(-1) / np.maximum((edge * edge).sum(-1), 1e-30)
        along = np.clip(along, 0, 1)
        squared = ((start + along[..., None] * edge - p) ** 2).sum(-1)
        on_edge = np.zeros_like(foot)
        on_edge[..., order[0]], on_edge[..., order[1]] = 1 - along, along
        closer = squared < nearest
        nearest = np.where(closer, squared, nearest)
        best = np.where(closer[..., None], on_edge, best)
    return best
