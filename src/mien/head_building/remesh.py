"""Our own topology: a symmetric re-triangulation of the MakeHuman head by refinement and half-edge collapse.

Every new vertex is a weighted sum of at most two base vertices, so whatever is known on the base mesh
(other identities, textures, hair) carries over exactly. Texture seams and borders are kept as curves.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse


@dataclass(frozen=True)
class Remeshed:
    """A triangle mesh tied to a base mesh.

    Attributes:
        triangles, uv_triangles: (T, 3).
        from_base: (V, B) sparse rows that sum to 1: vertices = from_base @ base vertices.
        uv_from_base: (U, B_uv) the same for texture coordinates.
        mirror_vertices: (V,) left-right partner.
    """

    triangles: np.ndarray
    uv_triangles: np.ndarray
    from_base: sparse.csr_matrix
    uv_from_base: sparse.csr_matrix
    mirror_vertices: np.ndarray


Key = tuple[int, int]
"""A refined vertex: a base vertex (a, a) or the middle of the base edge (a, b), a < b."""


def _refine(triangles: np.ndarray, uv_triangles: np.ndarray) -> tuple[list[list[Key]], list[list[Key]]]:
    """Split every triangle in four at its edges' middles."""

    def middle(a: int, b: int) -> Key:
        return (min(a, b), max(a, b))

    faces, uv_faces = [], []
    for corners, uvs in zip(triangles.tolist(), uv_triangles.tolist(), strict=True):
        for source, target in ((corners, faces), (uvs, uv_faces)):
            a, b, c = source
            ab, bc, ca = middle(a, b), middle(b, c), middle(c, a)
            target.extend([[(a, a), ab, ca], [(b, b), bc, ab], [(c, c), ca, bc], [ab, bc, ca]])
    return faces, uv_faces


class _Collapser:
    """Half-edge collapse on a triangle mesh with texture seams; vertices keep their places."""

    def __init__(
        self,
        faces: list[list[Key]],
        uv_faces: list[list[Key]],
        position: dict[Key, np.ndarray],
        size: dict[Key, float],
    ) -> None:
        self.faces: dict[int, list[Key]] = dict(enumerate(faces))
        self.uvs: dict[int, list[Key]] = dict(enumerate(uv_faces))
        self.position, self.size = position, size
        self.around: dict[Key, set[int]] = defaultdict(set)
        for index, face in self.faces.items():
            for vertex in face:
                self.around[vertex].add(index)
        self._mark_curves()

    def _edge_faces(self, a: Key, b: Key) -> list[int]:
        return [f for f in self.around[a] if b in self.faces[f]]

    def _is_curve(self, a: Key, b: Key) -> bool:
        """Whether the edge lies on a border or a texture seam."""
        shared = self._edge_faces(a, b)
        if len(shared) != 2:
            return True
        ends = [tuple(self.uvs[f][self.faces[f].index(v)] for v in (a, b)) for f in shared]
        return ends[0] != ends[1]

    def _neighbours(self, vertex: Key) -> set[Key]:
        return {v for f in self.around[vertex] for v in self.faces[f]} - {vertex}

    def _mark_curves(self) -> None:
        degree: dict[Key, int] = defaultdict(int)
        for vertex in list(self.around):
            degree[vertex] = sum(self._is_curve(vertex, n) for n in self._neighbours(vertex))
        self.on_curve = {v for v, d in degree.items() if d > 0}
        self.locked = {v for v, d in degree.items() if d not in (0, 2)}

    def length(self, a: Key, b: Key) -> float:
        """Edge length relative to the target."""
        return float(np.linalg.norm(self.position[a] - self.position[b])) / min(self.size[a], self.size[b])

    def _normal(self, face: list[Key]) -> np.ndarray:
        a, b, c = (self.position[v] for v in face)
        return np.cross(b - a, c - a)

    def can_remove(self, gone: Key, kept: Key) -> bool:
        if gone in self.locked:
            return False
        if gone in self.on_curve and not (kept in self.on_curve and self._is_curve(gone, kept)):
            return False
        shared = self._edge_faces(gone, kept)
        if not shared:
            return False
        common = self._neighbours(gone) & self._neighbours(kept)
        if len(common) != len(shared):
            return False
        for f in self.around[gone]:
            if f in shared:
                continue
            face = self.faces[f]
            moved = [kept if v == gone else v for v in face]
            before, after = self._normal(face), self._normal(moved)
            area = np.linalg.norm(after)
            longest = max(
                np.linalg.norm(self.position[moved[i]] - self.position[moved[i - 1]]) for i in range(3)
            )
            if area < 0.12 * longest**2 or before @ after < 0.75 * np.linalg.norm(before) * area:
                return False
            if longest > 1.7 * max(self.size[v] for v in moved):
                return False
        return True

    def remove(self, gone: Key, kept: Key) -> set[Key]:
        uv_of = {}
        shared = self._edge_faces(gone, kept)
        for f in shared:
            face, uv = self.faces[f], self.uvs[f]
            uv_of[uv[face.index(gone)]] = uv[face.index(kept)]
        for f in list(self.around[gone]):
            face, uv = self.faces[f], self.uvs[f]
            if f in shared:
                for vertex in face:
                    self.around[vertex].discard(f)
                del self.faces[f], self.uvs[f]
                continue
            corner = face.index(gone)
            face[corner], uv[corner] = kept, uv_of[uv[corner]]
            self.around[kept].add(f)
        self.around.pop(gone)
        return self._neighbours(kept) | {kept}

    def run(self, target_vertices: int) -> None:
        heap: list[tuple[float, Key, Key]] = []

        def push(vertex: Key) -> None:
            for other in self._neighbours(vertex):
                length = self.length(vertex, other)
                heapq.heappush(heap, (length, vertex, other))
                heapq.heappush(heap, (length, other, vertex))

        for vertex in list(self.around):
            push(vertex)
        while heap and len(self.around) > target_vertices:
            length, gone, kept = heapq.heappop(heap)
            if gone not in self.around or kept not in self.around or length > 1.0:
                continue
            if self.can_remove(gone, kept):
                self.remove(gone, kept)
                push(kept)

    def flip_edges(self, rounds: int = 4) -> None:
        """Swap diagonals where that raises the smallest angle, away from curves and creases."""

        def quality(face: list[Key]) -> float:
            points = [self.position[v] for v in face]
            sides = [np.linalg.norm(points[i] - points[i - 1]) for i in range(3)]
            return 2 * np.linalg.norm(self._normal(face)) / (sum(s * s for s in sides) + 1e-20)

        for _ in range(rounds):
            flips = 0
            for f in list(self.faces):
                for i in range(3):
                    face = self.faces[f]
                    a, b, c = face[i], face[(i + 1) % 3], face[(i + 2) % 3]
                    if self._is_curve(a, b):
                        continue
                    g = next(x for x in self._edge_faces(a, b) if x != f)
                    other = self.faces[g]
                    d = next(v for v in other if v not in (a, b))
                    if d in self._neighbours(c):
                        continue
                    n1, n2 = self._normal(face), self._normal(other)
                    new1, new2 = [a, d, c], [d, b, c]
                    m1, m2 = self._normal(new1), self._normal(new2)
                    flat = n1 @ n2 / (np.linalg.norm(n1) * np.linalg.norm(n2))
                    agree = min(m1 @ n1, m1 @ n2, m2 @ n1, m2 @ n2)
                    if flat < 0.85 or agree <= 0:
                        continue
                    if min(quality(new1), quality(new2)) <= min(quality(face), quality(other)) + 1e-9:
                        continue
                    uv = dict(zip(face, self.uvs[f], strict=True)) | {d: self.uvs[g][other.index(d)]}
                    self.faces[f], self.faces[g] = new1, new2
                    self.uvs[f], self.uvs[g] = [uv[v] for v in new1], [uv[v] for v in new2]
                    self.around[b].discard(f)
                    self.around[d].add(f)
                    self.around[a].discard(g)
                    self.around[c].add(g)
                    flips += 1
                    break
            if not flips:
                return


def remesh_symmetric(
    triangles: np.ndarray,
    uv_triangles: np.ndarray,
    vertices: np.ndarray,
    *,
    mirror: np.ndarray,
    uv_mirror: np.ndarray,
    uv_count: int,
    edge_length: np.ndarray,
    half_vertices: int,
) -> Remeshed:
    """Re-triangulate the left half (x ≥ 0) of a symmetric mesh and mirror it.

    Args:
        triangles, uv_triangles: (T, 3) the left half's faces, on base vertices and base texture coordinates.
        vertices: (B, 3) base positions; midline vertices have x = 0.
        mirror, uv_mirror: partner of each base vertex and base texture coordinate.
        edge_length: (B,) target edge length at each base vertex, in the units of `vertices`.
        half_vertices: how many vertices the half may have at most.
    """
    faces, uv_faces = _refine(triangles, uv_triangles)
    keys = {v for face in faces for v in face}
    position = {k: (vertices[k[0]] + vertices[k[1]]) / 2 for k in keys}
    size = {k: float(edge_length[k[0]] + edge_length[k[1]]) / 2 for k in keys}
    collapser = _Collapser(faces, uv_faces, position, size)
    collapser.run(half_vertices)
    collapser.flip_edges()

    half_faces = [collapser.faces[f] for f in sorted(collapser.faces)]
    half_uvs = [collapser.uvs[f] for f in sorted(collapser.faces)]

    def mirrored(key: Key, partner: np.ndarray) -> Key:
        a, b = int(partner[key[0]]), int(partner[key[1]])
        return (min(a, b), max(a, b))

    other_faces = [[mirrored(v, mirror) for v in (f[0], f[2], f[1])] for f in half_faces]
    other_uvs = [[mirrored(v, uv_mirror) for v in (f[0], f[2], f[1])] for f in half_uvs]
    all_faces, all_uvs = half_faces + other_faces, half_uvs + other_uvs

    def indexed(
        polygons: list[list[Key]], columns: int
    ) -> tuple[np.ndarray, sparse.csr_matrix, dict[Key, int]]:
        order = {key: i for i, key in enumerate(dict.fromkeys(k for p in polygons for k in p))}
        rows = np.repeat(np.arange(len(order)), 2)
        cols = np.array(list(order)).reshape(-1)
        matrix = sparse.csr_matrix((np.full(len(rows), 0.5), (rows, cols)), shape=(len(order), columns))
        return np.array([[order[k] for k in p] for p in polygons]), matrix, order

    new_triangles, from_base, order = indexed(all_faces, len(vertices))
    new_uv, uv_from_base, _ = indexed(all_uvs, uv_count)
    partner = np.array([order[mirrored(key, mirror)] for key in order])
    return Remeshed(new_triangles, new_uv, from_base, uv_from_base, partner)
