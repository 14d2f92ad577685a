"""Mesh simplification by half-edge collapse with quadric error (Garland and Heckbert 1997).

Vertices that stay keep their places, as in the sampling of CoMA (Ranjan et al. 2018, section 3.2; Simic,
section 3.3.2): down-sampling picks vertices, up-sampling is barycentric on the nearest coarse triangle.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

_BORDER_WEIGHT = 10.0
"""How much moving a border counts against moving the surface."""


@dataclass(frozen=True, eq=False)
class Decimated:
    """A simplified mesh.

    Attributes:
        kept: (K,) indices of the vertices that stayed, ascending.
        triangles: (T, 3) into `kept`.
    """

    kept: Int[np.ndarray, " kept"]
    triangles: Int[np.ndarray, "triangles 3"]


@dataclass(frozen=True, eq=False)
class UpSampling:
    """Fine vertices as mixtures of coarse ones: the matrix Q_u of Simic eq. 3.10, three entries a row.

    Attributes:
        indices: (V, 3) coarse vertices.
        weights: (V, 3) barycentric weights, rows sum to 1.
    """

    indices: Int[np.ndarray, "fine 3"]
    weights: Float[np.ndarray, "fine 3"]


def decimate(
    points: Float[np.ndarray, "vertices 3"], triangles: Int[np.ndarray, "triangles 3"], *, count: int
) -> Decimated:
    """Collapse edges of least quadric error until `count` vertices are left.

    Where no edge can be collapsed any more, the smallest pieces of the surface are dropped.
    """
    work = _Collapsing(points, triangles)
    work.collapse_until(count)
    alive = work.alive.copy()
    faces = np.array(sorted(work.faces.values()), dtype=np.int64).reshape(-1, 3)
    if alive.sum() > count:
        alive = _without_small_pieces(work.points, alive, faces, count)
        faces = faces[alive[faces].all(axis=1)]
    kept = np.flatnonzero(alive)
    place = np.full(len(points), -1)
    place[kept] = np.arange(len(kept))
    return Decimated(kept, place[faces])


def up_sampling(points: Float[np.ndarray, "vertices 3"], coarse: Decimated) -> UpSampling:
    """Where fine vertices lie on the coarse mesh: if they stayed, at themselves, else on the nearest face."""
    from trimesh.triangles import closest_point, points_to_barycentric

    indices = np.zeros((len(points), 3), np.int64)
    weights = np.tile([1.0, 0.0, 0.0], (len(points), 1))
    indices[coarse.kept] = np.arange(len(coarse.kept))[:, None]
    places = points[coarse.kept]
    corners = places[coarse.triangles]
    for vertex in np.setdiff1d(np.arange(len(points)), coarse.kept):
        if not len(corners):
            indices[vertex] = np.linalg.norm(places - points[vertex], axis=1).argmin()
            continue
        near = closest_point(corners, np.tile(points[vertex], (len(corners), 1)))
        best = int(np.linalg.norm(near - points[vertex], axis=1).argmin())
        indices[vertex] = coarse.triangles[best]
        share = points_to_barycentric(corners[best : best + 1], near[best : best + 1])[0].clip(0, 1)
        weights[vertex] = share / share.sum()
    return UpSampling(indices, weights)


def _without_small_pieces(points: np.ndarray, alive: np.ndarray, faces: np.ndarray, count: int) -> np.ndarray:
    import scipy.sparse as sparse
    from scipy.sparse.csgraph import connected_components

    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]]])
    graph = sparse.coo_matrix((np.ones(len(pairs)), pairs.T), shape=(len(alive), len(alive)))
    _, piece = connected_components(graph, directed=False)
    a, b, c = (points[faces[:, corner]] for corner in range(3))
    areas = np.zeros(len(alive))
    np.add.at(areas, piece[faces[:, 0]], np.linalg.norm(np.cross(b - a, c - a), axis=1))
    names = np.unique(piece[alive])
    sizes = areas[names]
    alive = alive.copy()
    for name in names[np.argsort(sizes, kind="stable")][:-1]:  # the largest piece always stays
        if alive.sum() <= count:
            break
        alive[piece == name] = False
    return alive


class _Collapsing:
    """A triangle mesh whose edges are collapsed, cheapest first."""

    def __init__(self, points: np.ndarray, triangles: np.ndarray) -> None:
        self.points = np.asarray(points, float)
        self.alive = np.ones(len(points), bool)
        self.faces = {index: tuple(map(int, face)) for index, face in enumerate(triangles)}
        self.around: list[set[int]] = [set() for _ in points]
        for index, face in self.faces.items():
            for vertex in face:
                self.around[vertex].add(index)
        self.changes = np.zeros(len(points), int)
        self.quadrics = np.zeros((len(points), 4, 4))
        self.homogeneous = np.concatenate([self.points, np.ones((len(points), 1))], axis=1)
        for face in self.faces.values():
            self._add_quadrics(face)

    def _add_quadrics(self, face: tuple[int, ...]) -> None:
        a, b, c = self.points[list(face)]
        normal = np.cross(b - a, c - a)
        area = np.linalg.norm(normal)
        if area == 0:
            return
        normal /= area
        for vertex in face:
            self.quadrics[vertex] += area * self._plane(normal, a)
        for first, second in zip(face, face[1:] + face[:1], strict=True):
            if len(self.around[first] & self.around[second]) == 1:
                along = self.points[second] - self.points[first]
                wall = np.cross(along, normal)
                length = np.linalg.norm(wall)
                if length > 0:
                    weight = _BORDER_WEIGHT * length**2
                    plane = self._plane(wall / length, self.points[first])
                    self.quadrics[first] += weight * plane
                    self.quadrics[second] += weight * plane

    @staticmethod
    def _plane(normal: np.ndarray, point: np.ndarray) -> np.ndarray:
        plane = np.append(normal, -normal @ point)
        return np.outer(plane, plane)

    def neighbours(self, vertex: int) -> set[int]:
        return {other for face in self.around[vertex] for other in self.faces[face]} - {vertex}

    def _candidate(self, gone: int, kept: int) -> tuple:
        place = self.homogeneous[kept]
        error = float(place @ (self.quadrics[gone] + self.quadrics[kept]) @ place)
        distance = float(np.sum((self.points[gone] - self.points[kept]) ** 2))
        # on flat parts every error is 0: there the shortest edge goes first
        return (error + 1e-6 * distance**2, gone, kept, self.changes[gone], self.changes[kept])

    def _allowed(self, gone: int, kept: int) -> bool:
        shared = self.around[gone] & self.around[kept]
        common = self.neighbours(gone) & self.neighbours(kept)
        if not 1 <= len(shared) <= 2 or len(common) != len(shared):
            return False  # the surface would touch itself
        for index in self.around[gone] - shared:
            before = self.points[list(self.faces[index])]
            after = self.points[[kept if vertex == gone else vertex for vertex in self.faces[index]]]
            normals = [np.cross(p[1] - p[0], p[2] - p[0]) for p in (before, after)]
            if normals[0] @ normals[1] <= 0.1 * np.linalg.norm(normals[0]) * np.linalg.norm(normals[1]):
                return False  # a triangle would fold over
        return len(self.around[gone] | self.around[kept]) > len(shared)

    def collapse_until(self, count: int) -> None:
        heap = [
            self._candidate(gone, kept)
            for gone in range(len(self.points))
            for kept in self.neighbours(gone)
        ]  # fmt: skip
        heapq.heapify(heap)
        left = int(self.alive.sum())
        while heap and left > count:
            _, gone, kept, gone_changes, kept_changes = heapq.heappop(heap)
            if not (self.alive[gone] and self.alive[kept]):
                continue
            if (gone_changes, kept_changes) != (self.changes[gone], self.changes[kept]):
                continue
            if self._allowed(gone, kept):
                self._collapse(gone, kept)
                left -= 1
                for other in self.neighbours(kept):
                    heapq.heappush(heap, self._candidate(other, kept))
                    heapq.heappush(heap, self._candidate(kept, other))

    def _collapse(self, gone: int, kept: int) -> None:
        for index in list(self.around[gone]):
            face = self.faces[index]
            if kept in face:
                for vertex in face:
                    self.around[vertex].discard(index)
                del self.faces[index]
            else:
                self.faces[index] = tuple(kept if vertex == gone else vertex for vertex in face)
                self.around[kept].add(index)
        self.around[gone].clear()
        self.quadrics[kept] += self.quadrics[gone]
        self.alive[gone] = False
        self.changes[kept] += 1
