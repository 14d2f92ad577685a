"""Closest points on a triangle mesh, exact whatever the sizes of its triangles."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Integer

from mien.geometry.closest_points import SurfacePoints, _closest_barycentric, closest_on_surface

_MAX_PAIRS = 400_000
"""Points and triangles that are compared at once: about 200 MB."""


def exact_closest_on_surface(
    queries_m: Float[np.ndarray, "n 3"],
    vertices_m: Float[np.ndarray, "vertices 3"],
    triangles: Integer[np.ndarray, "triangles 3"],
) -> SurfacePoints:
    """The closest point of the surface to each query, exactly.

    A triangle can only be closer than what was found so far when its centre is within that distance plus the
    triangle's reach. Triangles are therefore grouped by reach (powers of two), and each group is searched in
    a ball: a few huge triangles among small ones cost little and are not missed.
    """
    from scipy.spatial import cKDTree

    best = closest_on_surface(queries_m, vertices_m, triangles, neighbours=8)
    chosen, weights, distances_m = best.triangles.copy(), best.barycentric.copy(), best.distances_m.copy()
    corners_m = vertices_m[triangles]
    centres_m = corners_m.mean(axis=1)
    reach_m = np.linalg.norm(corners_m - centres_m[:, None], axis=2).max(axis=1)
    sizes = np.floor(np.log2(np.maximum(reach_m, 1e-12))).astype(int)
    for size in np.unique(sizes):
        group = np.flatnonzero(sizes == size)
        tree = cKDTree(centres_m[group])
        # A hair more than needed, so that rounding loses no triangle.
        balls_m = (distances_m + reach_m[group].max()) * (1 + 1e-9)
        counts = tree.query_ball_point(queries_m, balls_m, return_length=True)
        for part in _parts(counts):
            found = tree.query_ball_point(queries_m[part], balls_m[part])
            rows = np.repeat(part, counts[part])
            near = group[np.concatenate([np.asarray(each, int) for each in found])]
            gap_m = np.linalg.norm(queries_m[rows] - centres_m[near], axis=1) - reach_m[near]
            rows, near = rows[gap_m < distances_m[rows]], near[gap_m < distances_m[rows]]
            if not len(rows):
                continue
            a, b, c = (corners_m[near, corner] for corner in range(3))
            places = _closest_barycentric(queries_m[rows], a, b, c)
            points_m = places[:, :1] * a + places[:, 1:2] * b + places[:, 2:] * c
            length_m = np.linalg.norm(points_m - queries_m[rows], axis=1)
            order = np.lexsort((length_m, rows))  # the nearest triangle of each query comes first
            firsts = order[np.unique(rows[order], return_index=True)[1]]
            better = firsts[length_m[firsts] < distances_m[rows[firsts]]]
            at = rows[better]
            chosen[at], weights[at], distances_m[at] = near[better], places[better], length_m[better]
    points_m = np.einsum("nk,nkc->nc", weights, corners_m[chosen])
    return SurfacePoints(chosen, weights, points_m, distances_m)


def _parts(counts: np.ndarray) -> list[np.ndarray]:
    """Queries that have candidates, split so that each part has a bounded number of pairs."""
    rows = np.flatnonzero(counts)
    if not len(rows):
        return []
    part = np.cumsum(counts[rows]) // _MAX_PAIRS
    return np.split(rows, np.flatnonzero(np.diff(part)) + 1)
