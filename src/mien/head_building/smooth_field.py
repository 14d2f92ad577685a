"""A displacement known at some vertices, spread smoothly over the skin around them."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.sparse.linalg import splu
from scipy.spatial import KDTree

from mien.head_building.registration import laplacian


class SmoothField:
    """Vertices near those whose displacement is given follow it, smoothly and less and less.

    The displacement minimises the squared Laplacian between the given vertices and the skin beyond reach,
    which stays; of order 1 it makes the Laplacian itself vanish. It is linear in what is given, so it is
    solved for once.

    Args:
        faces: (F, K) quads or triangles: of a symmetric mesh quads, since diagonals are not symmetric;
            rest_m: (V, 3) the mesh that distances are measured on.
        given: (G,) vertices whose displacement is given.
        allowed: (V,) booleans: vertices that may follow.
        reach_m: how far from a given vertex the skin follows.
        order: 2 bends smoothly and may overshoot where nothing holds it; 1 never moves a vertex more than the
            given ones around it, and bends sharply at these.
    """

    def __init__(
        self,
        faces: np.ndarray,
        rest_m: np.ndarray,
        given: np.ndarray,
        *,
        allowed: np.ndarray,
        reach_m: float,
        order: Literal[1, 2] = 2,
    ) -> None:
        distance_m = KDTree(rest_m[given], leafsize=16).query(rest_m)[0]
        free = allowed & (distance_m < reach_m)
        free[given] = False
        self.given, self.following = given, np.flatnonzero(free)
        smooth = laplacian(faces, len(rest_m))
        bending = (smooth.T @ smooth).tocsr() if order == 2 else smooth
        inner = bending[self.following][:, self.following].tocsc()
        towards = bending[self.following][:, given].toarray()
        self._weights = -splu(inner).solve(towards)

    def spread(self, given_m: np.ndarray) -> np.ndarray:
        """(..., F, 3) displacement of the following vertices for (..., G, 3) of the given ones."""
        return self._weights @ given_m

    def add_to(self, vertices_m: np.ndarray, given_m: np.ndarray) -> np.ndarray:
        """(..., V, 3) vertices moved by (..., G, 3) displacements of the given ones and what follows."""
        moved = vertices_m.copy()
        moved[..., self.given, :] += given_m
        moved[..., self.following, :] += self.spread(given_m)
        return moved
