"""How teeth move: as stiff bodies, told from the movement of a source's teeth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class AffineMotion:
    """A displacement that is affine in the place: x ↦ matrix x + offset.

    Attributes:
        matrix: (..., 3, 3); offset_m: (..., 3).
    """

    matrix: np.ndarray
    offset_m: np.ndarray

    @staticmethod
    def of(points_m: np.ndarray, displacements_m: np.ndarray) -> AffineMotion:
        """Least squares over points that move: (P, 3) places, (..., P, 3) displacements."""
        middle = points_m.mean(axis=0)
        design = np.column_stack([points_m - middle, np.ones(len(points_m))])
        solution = np.linalg.pinv(design) @ displacements_m
        matrix = np.swapaxes(solution[..., :3, :], -1, -2)
        return AffineMotion(matrix, solution[..., 3, :] - matrix @ middle)

    @staticmethod
    def similar(points_m: np.ndarray, displacements_m: np.ndarray) -> AffineMotion:
        """The same with a turn and a change of size alone, for points that lie nearly flat."""
        middle = points_m.mean(axis=0)
        local = points_m - middle
        shift = displacements_m.mean(axis=-2)
        moved = displacements_m - shift[..., None, :]
        growth = (local * moved).sum(axis=(-2, -1)) / (local**2).sum()
        inertia = (local**2).sum() * np.eye(3) - local.T @ local
        turn = np.cross(local, moved).sum(axis=-2) @ np.linalg.inv(inertia)
        matrix = growth[..., None, None] * np.eye(3) + _cross_matrix(turn)
        return AffineMotion(matrix, shift - matrix @ middle)

    def at(self, points_m: np.ndarray) -> np.ndarray:
        """(..., P, 3) displacements of (P, 3) points."""
        return points_m @ np.swapaxes(self.matrix, -1, -2) + self.offset_m[..., None, :]


def _cross_matrix(vectors: np.ndarray) -> np.ndarray:
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    zero = np.zeros_like(x)
    rows = [[zero, -z, y], [z, zero, -x], [-y, x, zero]]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
