"""A landmark set's own triangulation on the head: the geodesic Delaunay triangulation of its vertices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int

from mien.heads.model import Head


@dataclass(frozen=True, eq=False)
class LandmarkMesh:
    """Landmarks joined to a surface.

    Attributes:
        points_m: (L, 3) landmarks of the mean head, metres, head frame.
        triangles: (T, 3) landmark indices, counter-clockwise seen from outside.
        edges: (E, 2) pairs of neighbouring landmarks, the smaller index first.
    """

    points_m: Float[np.ndarray, "landmarks 3"]
    triangles: Int[np.ndarray, "triangles 3"]
    edges: Int[np.ndarray, "edges 2"]

    def __len__(self) -> int:
        return len(self.points_m)


@lru_cache(maxsize=8)
def landmark_mesh(set_name: str) -> LandmarkMesh:
    """The mesh of one of the built-in head's sets.

    Raises:
        LandmarkSetError: there is no such set.
    """
    from mien.heads.library import load_head

    head = load_head()
    return triangulate(head, np.asarray(head.landmark_set(set_name).vertices, np.int64))


def triangulate(head: Head, vertices: Int[np.ndarray, " landmarks"]) -> LandmarkMesh:
    """Join those landmarks whose regions on the surface touch.

    Every vertex of the head goes to the landmark that is nearest along the surface; three landmarks make a
    triangle where their regions meet. Skin, eyeballs and teeth are separate surfaces: no triangle joins them.
    """
    import scipy.sparse as sparse
    from scipy.sparse.csgraph import dijkstra

    triangles = np.asarray(head.triangles, np.int64)
    pairs = _edges_of(triangles)
    length_m = np.linalg.norm(head.mean_m[pairs[:, 0]] - head.mean_m[pairs[:, 1]], axis=1)
    count = head.vertex_count
    graph = sparse.coo_matrix((length_m, (pairs[:, 0], pairs[:, 1])), shape=(count, count)).tocsr()
    distance_m, _, nearest = dijkstra(
        graph, directed=False, indices=vertices, min_only=True, return_predecessors=True
    )
    landmark_of = np.full(count, -1)
    landmark_of[vertices] = np.arange(len(vertices))
    reached = np.isfinite(distance_m)  # a surface without any landmark is left out
    owner = np.where(reached, landmark_of[np.where(reached, nearest, vertices[0])], -1)
    points_m = np.asarray(head.mean_m[vertices], float)
    edges = _distinct_edges(owner[pairs])
    return LandmarkMesh(
        points_m=points_m,
        triangles=_contracted(owner[triangles]),
        edges=_with_loners(edges, points_m),
    )


def _with_loners(
    edges: Int[np.ndarray, "edges 2"], points_m: Float[np.ndarray, "landmarks 3"]
) -> Int[np.ndarray, "more 2"]:
    """A landmark that is alone on its surface (on a tooth, say) is joined to the two nearest in space."""
    pairs = [edges]
    for vertex in np.setdiff1d(np.arange(len(points_m)), edges):
        nearest = np.linalg.norm(points_m - points_m[vertex], axis=1).argsort(kind="stable")[1:3]
        pairs.append(np.stack([np.full(len(nearest), vertex), nearest], axis=1))
    return _distinct_edges(np.concatenate(pairs))


def _edges_of(triangles: Int[np.ndarray, "triangles 3"]) -> Int[np.ndarray, "edges 2"]:
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    return np.unique(np.sort(pairs, axis=1), axis=0)


def _distinct_edges(pairs: Int[np.ndarray, "pairs 2"]) -> Int[np.ndarray, "edges 2"]:
    crossing = (pairs[:, 0] != pairs[:, 1]) & (pairs >= 0).all(axis=1)
    return np.unique(np.sort(pairs[crossing], axis=1), axis=0)


def _contracted(triangles: Int[np.ndarray, "all 3"]) -> Int[np.ndarray, "triangles 3"]:
    """Triangles with three different corners, each once, with their orientation."""
    a, b, c = triangles.T
    kept = triangles[(a != b) & (b != c) & (c != a) & (triangles >= 0).all(axis=1)]
    _, first = np.unique(np.sort(kept, axis=1), axis=0, return_index=True)
    return kept[np.sort(first)]
