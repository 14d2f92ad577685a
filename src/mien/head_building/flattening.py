"""Flattening a disk: Tutte's embedding, then the least stretch without a flipped triangle.

The energy is the symmetric Dirichlet energy of Smith and Schaefer (2015, "Bijective parameterization with
free boundaries"), which grows without bound before a triangle collapses; it is minimised by Newton's method
with each triangle's Hessian projected in closed form (Smith, de Goes and Kim 2019, "Analytic eigensystems for
isotropic distortion energies").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Integer
from scipy.sparse import coo_matrix, csc_matrix, diags_array
from scipy.sparse.linalg import splu

from mien.errors import InputError

_ARMIJO = 1e-4
_ROTATE = np.array([[0.0, -1.0], [1.0, 0.0]]) / np.sqrt(2)
_REFLECT = np.array([[0.0, 1.0], [1.0, 0.0]]) / np.sqrt(2)


@dataclass(frozen=True)
class FlatTriangles:
    """Triangles of a disk as they would like to lie in the plane.

    Attributes:
        triangles: (T, 3) vertex indices, counter-clockwise.
        rest: (T, 3, 2) each triangle's own shape and size in the plane, counter-clockwise.
        weights: (T,) how much its stretch counts for an area of 1.
    """

    triangles: Integer[np.ndarray, "triangles 3"]
    rest: Float[np.ndarray, "triangles 3 2"]
    weights: Float[np.ndarray, " triangles"]


def in_own_plane(
    vertices: Float[np.ndarray, "vertices 3"], triangles: Integer[np.ndarray, "triangles 3"]
) -> Float[np.ndarray, "triangles 3 2"]:
    """Each triangle laid flat: first corner at the origin, second on +x, third above."""
    first, second, third = (vertices[triangles[:, k]] for k in range(3))
    along, across = second - first, third - first
    length = np.maximum(np.linalg.norm(along, axis=1), 1e-12)
    x = np.sum(along * across, axis=1) / length
    height = np.linalg.norm(np.cross(along, across), axis=1) / length
    flat = np.zeros((len(triangles), 3, 2))
    flat[:, 1, 0], flat[:, 2, 0] = length, x
    flat[:, 2, 1] = np.maximum(height, 0.02 * length)  # slivers would count for nothing or for everything
    return flat


def tutte_embedding(
    edges: Integer[np.ndarray, "edges 2"],
    boundary: Integer[np.ndarray, " boundary"],
    boundary_uv: Float[np.ndarray, "boundary 2"],
    vertex_count: int,
) -> Float[np.ndarray, "vertices 2"]:
    """Every inner vertex in the middle of its neighbours, the boundary on a convex polygon (Tutte 1963)."""
    rows, columns = np.concatenate([edges, edges[:, ::-1]]).T
    adjacency = csc_matrix((np.ones(len(rows)), (rows, columns)), shape=(vertex_count, vertex_count))
    adjacency.data[:] = 1.0
    laplacian = csc_matrix(diags_array(np.asarray(adjacency.sum(axis=1)).ravel()) - adjacency)
    uv = np.zeros((vertex_count, 2))
    uv[boundary] = boundary_uv
    inner = np.setdiff1d(edges, boundary)  # vertices without an edge stay at the origin
    right = -(laplacian[inner][:, boundary] @ boundary_uv)
    uv[inner] = splu(csc_matrix(laplacian[inner][:, inner])).solve(right)
    return uv


def signed_areas(uv: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(T,) positive where corners run counter-clockwise."""
    a, b, c = (uv[triangles[:, k]] for k in range(3))
    return 0.5 * ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])


def least_stretch(
    start_uv: Float[np.ndarray, "vertices 2"],
    flat: FlatTriangles,
    *,
    on_axis: Bool[np.ndarray, " vertices"],
    steps: int = 120,
    tolerance: float = 1e-5,
) -> Float[np.ndarray, "vertices 2"]:
    """The embedding with the least symmetric Dirichlet energy, reached without flipping a triangle.

    Args:
        start_uv: an embedding in which no triangle is flipped, for example Tutte's.
        flat: triangles and their shapes.
        on_axis: vertices that stay at u = 0.
        steps: most Newton steps; tolerance: relative fall of the energy that ends them.

    Raises:
        InputError: a triangle is flipped at the start.
    """
    if (signed_areas(start_uv, flat.triangles) <= 0).any():
        raise InputError(
            "a triangle is flipped in the embedding to start from; is the mesh a disk?",
            source="uv layout",
        )
    problem = _Stretch.of(flat)
    free = np.zeros((len(start_uv), 2), bool)
    free[flat.triangles] = True
    free[on_axis, 0] = False
    moving = np.flatnonzero(free.ravel())
    # The best size to start from, so that Newton's steps go into shape.
    x = start_uv * problem.best_scale(start_uv)
    energy = problem.energy(x)
    for _ in range(steps):
        gradient, hessian = problem.derivatives(x)
        reduced = hessian[moving][:, moving]
        ridge = 1e-9 * reduced.diagonal().mean()
        step = np.zeros(x.size)
        step[moving] = splu(csc_matrix(reduced + ridge * diags_array(np.ones(len(moving))))).solve(
            -gradient[moving]
        )
        slope = float(gradient @ step)
        direction = step.reshape(-1, 2)
        length = min(1.0, 0.9 * problem.longest_step(x, direction))
        while True:
            tried = problem.energy(x + length * direction)
            if tried <= energy + _ARMIJO * length * slope or length < 1e-12:
                break
            length /= 2
        if length < 1e-12:
            break
        fall = (energy - tried) / energy
        x, energy = x + length * direction, tried
        if fall < tolerance:
            break
    return x


@dataclass(frozen=True)
class _Stretch:
    """Σ w A (|F|² + |F⁻¹|²), F the map from each triangle's own shape to the plane."""

    triangles: np.ndarray
    gradients: np.ndarray  # (T, 3, 2) F = Σ x_k ⊗ gradients_k
    weights: np.ndarray

    @staticmethod
    def of(flat: FlatTriangles) -> _Stretch:
        edges = np.stack([flat.rest[:, 1] - flat.rest[:, 0], flat.rest[:, 2] - flat.rest[:, 0]], axis=2)
        inverse = np.linalg.inv(edges)
        gradients = np.concatenate([-inverse.sum(axis=1, keepdims=True), inverse], axis=1)
        areas = 0.5 * np.linalg.det(edges)
        weights = flat.weights * areas
        return _Stretch(flat.triangles, gradients, weights / weights.sum())

    def maps(self, x: np.ndarray) -> np.ndarray:
        return np.einsum("tkc,tkd->tcd", x[self.triangles], self.gradients)

    def energy(self, x: np.ndarray) -> float:
        maps = self.maps(x)
        squares, det = np.sum(maps**2, axis=(1, 2)), np.linalg.det(maps)
        if (det <= 0).any():
            return np.inf
        return float(self.weights @ (squares * (1 + 1 / det**2)))

    def best_scale(self, x: np.ndarray) -> float:
        maps = self.maps(x)
        squares, det = np.sum(maps**2, axis=(1, 2)), np.linalg.det(maps)
        return float(((self.weights @ (squares / det**2)) / (self.weights @ squares)) ** 0.25)

    def longest_step(self, x: np.ndarray, direction: np.ndarray) -> float:
        """First step length at which a triangle's area vanishes."""
        a, b = np.diff(x[self.triangles], axis=1).transpose(1, 0, 2)
        da, db = np.diff(direction[self.triangles], axis=1).transpose(1, 0, 2)

        def cross(p: np.ndarray, q: np.ndarray) -> np.ndarray:
            return p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]

        square, linear, constant = cross(da, db), cross(a, db) + cross(da, b), cross(a, b)
        root = np.sqrt(np.maximum(linear**2 - 4 * square * constant, 0))
        real = linear**2 >= 4 * square * constant
        with np.errstate(divide="ignore", invalid="ignore"):
            # The stable form of the quadratic's roots.
            half = -0.5 * (linear + np.where(linear < 0, -root, root))
            roots = np.stack([half / square, constant / half])
        roots = np.where(real & np.isfinite(roots) & (roots > 0), roots, np.inf)
        return float(roots.min())

    def derivatives(self, x: np.ndarray) -> tuple[np.ndarray, csc_matrix]:
        left, sigma, right = np.linalg.svd(self.maps(x))
        first = 2 * sigma - 2 / sigma**3
        second = 2 + 6 / sigma**4
        one, other = sigma[:, 0], sigma[:, 1]
        twist = np.maximum((first[:, 0] + first[:, 1]) / (one + other), 0)
        flip = 2 + 2 * (one**2 + one * other + other**2) / (one * other) ** 3
        basis = np.stack(
            [
                np.einsum("ti,tj->tij", left[:, :, 0], right[:, 0]),
                np.einsum("ti,tj->tij", left[:, :, 1], right[:, 1]),
                np.einsum("tia,ab,tbj->tij", left, _ROTATE, right),
                np.einsum("tia,ab,tbj->tij", left, _REFLECT, right),
            ],
            axis=1,
        )
        # Each direction of change of F as a direction of change of the six coordinates.
        lifted = np.einsum("tmcd,tkd->tmkc", basis, self.gradients).reshape(len(left), 4, 6)
        gradient = self.weights[:, None] * np.einsum("tm,tmi->ti", first, lifted[:, :2])
        values = self.weights[:, None] * np.stack([second[:, 0], second[:, 1], twist, flip], axis=1)
        blocks = np.einsum("tmi,tm,tmj->tij", lifted, values, lifted)
        places = (2 * self.triangles[:, :, None] + np.arange(2)).reshape(len(left), 6)
        total = np.bincount(places.ravel(), gradient.ravel(), minlength=x.size)
        rows, columns = np.broadcast_arrays(places[:, :, None], places[:, None, :])
        hessian = coo_matrix((blocks.ravel(), (rows.ravel(), columns.ravel())), shape=(x.size, x.size))
        return total, csc_matrix(hessian)
