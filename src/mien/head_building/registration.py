"""Non-rigid registration of our mesh to the ICT-FaceKit neutral, and the carrying over of its shapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
from scipy.sparse.linalg import splu
from scipy.spatial import KDTree

from mien.geometry.normals import vertex_normals
from mien.head_building.feature_curves import Ties


def laplacian(faces: np.ndarray, count: int) -> sparse.csr_matrix:
    """(V, V) graph Laplacian with rows scaled to 1: each vertex minus the mean of its neighbours.

    Args:
        faces: (F, K) triangles or quads; of quads the sides alone count, no diagonals.
    """
    edges = np.concatenate([faces[:, [k - 1, k]] for k in range(faces.shape[1])])
    edges = np.unique(np.sort(edges, axis=1), axis=0)
    rows, cols = np.concatenate([edges[:, 0], edges[:, 1]]), np.concatenate([edges[:, 1], edges[:, 0]])
    adjacency = sparse.csr_matrix((np.ones(len(rows)), (rows, cols)), shape=(count, count))
    degree = np.maximum(np.asarray(adjacency.sum(axis=1)).ravel(), 1)
    return sparse.csr_matrix(sparse.eye(count) - sparse.diags(1 / degree) @ adjacency)


STIFF_TO_SOFT = (
    (300.0, 0.030, 30.0), (100.0, 0.020, 30.0), (30.0, 0.012, 20.0), (10.0, 0.010, 10.0),
    (6.0, 0.008, 5.0), (4.0, 0.006, 2.0), (3.0, 0.005, 0.5),
)  # fmt: skip
"""Stages of a registration: stiffness, reach in metres, weight of the guides."""
TIE_WEIGHT = 30.0


@dataclass(frozen=True)
class SurfaceSamples:
    """A surface as many points, each a known mixture of three vertices."""

    vertices: np.ndarray
    weights: np.ndarray
    points: np.ndarray
    normals: np.ndarray
    labels: np.ndarray

    @staticmethod
    def of(
        vertices: np.ndarray,
        triangles: np.ndarray,
        *,
        spacing: float,
        vertex_labels: np.ndarray | None = None,
    ) -> SurfaceSamples:
        """Sample every triangle on a barycentric grid no coarser than `spacing`."""
        normals = vertex_normals(vertices, triangles)
        corners = vertices[triangles]
        longest = np.max(
            [np.linalg.norm(corners[:, i] - corners[:, i - 1], axis=1) for i in range(3)], axis=0
        )
        steps = np.clip(np.ceil(longest / spacing).astype(int), 1, 12)
        all_vertices, all_weights = [], []
        for n in np.unique(steps):
            i, j = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
            inside = i + j <= n
            grid = np.stack([n - i - j, i, j], axis=-1)[inside] / n
            chosen = triangles[steps == n]
            all_vertices.append(np.repeat(chosen, len(grid), axis=0))
            all_weights.append(np.tile(grid, (len(chosen), 1)))
        index, weights = np.concatenate(all_vertices), np.concatenate(all_weights)
        labels = np.zeros(len(vertices), int) if vertex_labels is None else vertex_labels
        return SurfaceSamples(
            vertices=index,
            weights=weights,
            points=np.einsum("sk,skc->sc", weights, vertices[index]),
            normals=np.einsum("sk,skc->sc", weights, normals[index]),
            labels=labels[index[np.arange(len(index)), weights.argmax(axis=1)]],
        )


def match(
    points: np.ndarray,
    normals: np.ndarray,
    labels: np.ndarray,
    target: SurfaceSamples,
    *,
    reach: float,
    agreement: float,
    compatible: np.ndarray,
    candidates: int = 24,
) -> tuple[np.ndarray, np.ndarray]:
    """For each point the best sample near it: close, with a like normal and a compatible label.

    Args:
        compatible: (labels of ours, labels of the target) booleans.

    Returns:
        index (P,) of the sample and weight (P,) in [0, 1], 0 where nothing fits.
    """
    tree = KDTree(target.points, leafsize=16)
    distance, index = tree.query(points, k=candidates, distance_upper_bound=reach)
    found = np.isfinite(distance)
    index = np.where(found, index, 0)
    cosine = np.einsum("pc,pkc->pk", normals, target.normals[index])
    same = compatible[labels[:, None], target.labels[index]]
    cost = distance * (1 + 1.5 * (1 - cosine))
    cost[~(found & same & (cosine > agreement))] = np.inf
    best = cost.argmin(axis=1)
    rows = np.arange(len(points))
    usable = np.isfinite(cost[rows, best])
    weight = np.where(usable, np.exp(-((np.where(usable, distance[rows, best], 0.0) / reach) ** 2)), 0.0)
    return index[rows, best], weight


@dataclass(frozen=True)
class Registration:
    """Our mesh laid onto the target.

    Attributes:
        vertices_m: (V, 3) registered positions.
        correspondence: (V, V_target) sparse rows: the place on the target that each vertex matches.
        confidence: (V,) in [0, 1], 0 where nothing matches.
        smoothness: (V, V) the mesh's Laplacian.
    """

    vertices_m: np.ndarray
    correspondence: sparse.csr_matrix
    confidence: np.ndarray
    smoothness: sparse.csr_matrix

    def carry(self, target_displacements: np.ndarray) -> np.ndarray:
        """(N, V_target, 3) displacements of the target → (N, V, 3) of ours, smooth where nothing matches."""
        count = len(self.vertices_m)
        weight = sparse.diags(self.confidence)
        smooth = self.smoothness.T @ self.smoothness
        system = splu((weight + 0.02 * smooth + 1e-8 * sparse.eye(count)).tocsc())
        flat = target_displacements.transpose(1, 0, 2).reshape(target_displacements.shape[1], -1)
        carried = system.solve(np.asarray(weight @ (self.correspondence @ flat)))
        return carried.reshape(count, -1, 3).transpose(1, 0, 2)


def register(
    vertices: np.ndarray,
    triangles: np.ndarray,
    labels: np.ndarray,
    target: SurfaceSamples,
    *,
    ties: Ties,
    guides: Ties,
    target_m: np.ndarray,
    mirror: np.ndarray,
    compatible: np.ndarray,
    schedule: Sequence[tuple[float, float, float]] = STIFF_TO_SOFT,
) -> Registration:
    """Iterate closest points and a smooth displacement field from stiff to soft.

    Args:
        vertices: (V, 3) our mesh, already aligned by a similarity, metres.
        labels: (V,) rows of `compatible`: which parts of the target each vertex may match.
        target, target_m: the surface, and its vertices.
        ties: vertices of ours whose place on the target is known.
        guides: vertices whose place is nearly known; they count less and less.
        mirror: (V,) partners; the displacement is kept symmetric.
        schedule: stages of (stiffness, reach in metres, weight of the guides).
    """
    count = len(vertices)
    smooth = laplacian(triangles, count)
    stiffness_matrix = smooth.T @ smooth
    flip = np.array([-1.0, 1.0, 1.0])
    current = vertices.copy()
    rest = vertices
    best_index, weight = np.zeros(count, int), np.zeros(count)
    known = np.concatenate([guides.vertices, ties.vertices])
    known_points = np.concatenate([guides.points(target_m), ties.points(target_m)])
    for stiffness, reach, guide_weight in schedule:
        for _ in range(4):
            normals = vertex_normals(current, triangles)
            best_index, weight = match(
                current, normals, labels, target, reach=reach, agreement=0.35, compatible=compatible
            )
            diagonal = weight.copy()
            wanted = weight[:, None] * (target.points[best_index] - rest)
            strength = np.repeat([guide_weight, TIE_WEIGHT], [len(guides.vertices), len(ties.vertices)])
            diagonal[known] = strength
            wanted[known] = strength[:, None] * (known_points - rest[known])
            system = (
                sparse.diags(diagonal) + stiffness * stiffness_matrix + 1e-6 * sparse.eye(count)
            ).tocsc()
            displacement = splu(system).solve(wanted)
            displacement = 0.5 * (displacement + displacement[mirror] * flip)
            current = rest + displacement
        rest = 0.5 * rest + 0.5 * current
    normals = vertex_normals(current, triangles)
    best_index, weight = match(
        current, normals, labels, target, reach=0.003, agreement=0.5, compatible=compatible
    )
    rows = np.concatenate([np.repeat(np.arange(count), 3), np.repeat(ties.vertices, 4)])
    columns = np.concatenate([target.vertices[best_index].ravel(), ties.target_vertices.ravel()])
    free = np.ones(count)
    free[ties.vertices] = 0.0  # their places are known: what was found by closeness does not count
    values = np.concatenate([(free[:, None] * target.weights[best_index]).ravel(), ties.weights.ravel()])
    correspondence = sparse.csr_matrix((values, (rows, columns)), shape=(count, len(target_m)))
    weight[ties.vertices] = 1.0
    return Registration(current, correspondence, weight, smooth)
