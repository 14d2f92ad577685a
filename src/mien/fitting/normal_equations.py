"""The normal equations of a least-squares problem, summed up term by term."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass
class NormalEquations:
    """Quadratic model of a cost ½‖r(x)‖² about one point; the residual vector itself is never kept.

    Attributes:
        hessian: (N, N) JᵀJ.
        gradient: (N,) Jᵀr.
        cost: ½‖r‖² (robust terms: the robust cost).
    """

    hessian: Float[np.ndarray, "n n"]
    gradient: Float[np.ndarray, " n"]
    cost: float

    @staticmethod
    def zeros(size: int) -> NormalEquations:
        """Of a cost that is 0 everywhere."""
        return NormalEquations(np.zeros((size, size)), np.zeros(size), 0.0)

    def add_dense(
        self, residuals: Float[np.ndarray, " m"], jacobian_t: Float[np.ndarray, "n m"], *, cost: float
    ) -> None:
        """Add residuals that depend on every unknown, given the transposed Jacobian."""
        # The product of an array with its own transpose runs as a symmetric rank-k update: half the work.
        self.hessian += jacobian_t @ jacobian_t.T
        self.gradient += jacobian_t @ residuals
        self.cost += cost

    def add_diagonal(
        self,
        columns: slice,
        residuals: Float[np.ndarray, " m"],
        derivatives: Float[np.ndarray, " m"],
    ) -> None:
        """Add residuals of which each depends on one unknown."""
        diagonal = self.hessian.reshape(-1)[:: len(self.gradient) + 1]
        diagonal[columns] += derivatives * derivatives
        self.gradient[columns] += derivatives * residuals
        self.cost += 0.5 * float(residuals @ residuals)

    def add_block(
        self,
        columns: np.ndarray,
        residuals: Float[np.ndarray, " m"],
        jacobian: Float[np.ndarray, "m k"],
    ) -> None:
        """Add residuals that depend on the few unknowns in `columns` (no column twice)."""
        self.hessian[columns[:, None], columns] += jacobian.T @ jacobian
        self.gradient[columns] += jacobian.T @ residuals
        self.cost += 0.5 * float(residuals @ residuals)

    def add(self, other: NormalEquations, columns: np.ndarray) -> None:
        """Add another problem's equations, whose unknowns are those in `columns`."""
        self.hessian[columns[:, None], columns] += other.hessian
        self.gradient[columns] += other.gradient
        self.cost += other.cost
