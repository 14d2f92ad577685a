"""Which points of a head are near which landmark, along its surface."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int

from mien.heads.model import Head

LANDMARK_SET = "ict68"
"""The landmarks that steer: those that are found in fields."""
FAR_M = 1.0
"""Distance of what no path along the surface leads to: teeth, eyes."""


@lru_cache(maxsize=2)
def surface_distances_m(head: Head) -> Float[np.ndarray, "68 vertices"]:
    """Distance along the mean head's skin from each landmark to every vertex: lips that touch are far apart.

    Vertices of no face are as far as the skin's vertex nearest to each.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import dijkstra

    count = head.vertex_count
    edges = np.concatenate([head.triangles[:, [0, 1]], head.triangles[:, [1, 2]], head.triangles[:, [2, 0]]])
    lengths_m = np.linalg.norm(head.mean_m[edges[:, 0]] - head.mean_m[edges[:, 1]], axis=1)
    graph = coo_matrix((lengths_m, tuple(edges.T)), shape=(count, count)).tocsr()
    distances_m = dijkstra(graph, directed=False, indices=skin_under_landmarks(head))
    distances_m = np.minimum(distances_m, FAR_M)
    loose = np.setdiff1d(np.arange(count), head.triangles)
    below = nearest_skin(head, head.mean_m[loose])
    distances_m[:, loose] = distances_m[:, below]
    return distances_m


def skin_under_landmarks(head: Head) -> Int[np.ndarray, " 68"]:
    """Each landmark's own vertex where the skin has it, else the nearest one: closed lips share a place."""
    points = head.landmark_set(LANDMARK_SET).vertices
    on_skin = np.isin(points, head.triangles)
    return np.where(on_skin, points, nearest_skin(head, head.mean_m[points]))


def nearest_skin(head: Head, points_m: Float[np.ndarray, "n 3"]) -> Int[np.ndarray, " n"]:
    """The skin's vertex of the mean head nearest to each point."""
    from scipy.spatial import cKDTree

    skin = head.vertex_parts == head.part_names.index("skin")
    used = np.zeros(head.vertex_count, bool)
    used[head.triangles] = True
    members = np.flatnonzero(skin & used)
    return members[cKDTree(head.mean_m[members]).query(points_m)[1]]


def falloff(distance_m: Float[np.ndarray, ...], radius_m: float) -> Float[np.ndarray, ...]:
    """1 at 0, 0 from the radius on, smooth between (Wendland's C2 function)."""
    share = np.clip(distance_m / radius_m, 0, 1)
    return (1 - share) ** 4 * (4 * share + 1)
