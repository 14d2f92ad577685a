"""The normal equations of a least-squares problem, summed up term by term."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass
class NormalEquations:
    """Quadratic model of a cost ½‖r(x)‖² about one point; the residual vector itself is never kept.

    The Hessian JᵀJ is kept in two parts, since what comes from residuals that depend on every unknown takes
    nearly all of the time and changes slowly: near a point that was linearised, that part may be taken over.

    Attributes:
        dense: (N, N) part of JᵀJ from residuals that depend on every unknown.
        sparse: (N, N) part from residuals that depend on few.
        gradient: (N,) Jᵀr.
        cost: ½‖r‖² (robust terms: the robust cost).
        dense_given: `dense` was taken over from a point nearby.
    """

    dense: Float[np.ndarray, "n n"]
    sparse: Float[np.ndarray, "n n"]
    gradient: Float[np.ndarray, " n"]
    cost: float
    dense_given: bool = False

    @staticmethod
    def zeros(size: int, *, near: NormalEquations | None = None) -> NormalEquations:
        """Of a cost that is 0 everywhere.

        Args:
            near: equations at a point nearby, whose `dense` is good enough for this one.
        """
        dense = np.zeros((size, size)) if near is None else near.dense
        return NormalEquations(dense, np.zeros((size, size)), np.zeros(size), 0.0, near is not None)

    @property
    def hessian(self) -> Float[np.ndarray, "n n"]:
        """(N, N) JᵀJ, to be read only: terms add to the parts."""
        hessian = self.dense + self.sparse
        hessian.flags.writeable = False
        return hessian

    def add_dense(
        self, residuals: Float[np.ndarray, " m"], jacobian_t: Float[np.ndarray, "n m"], *, cost: float
    ) -> None:
        """Add residuals that depend on every unknown, given the transposed Jacobian."""
        if not self.dense_given:
            # The product of an array with its own transpose runs as a symmetric rank-k update: half the work.
            self.dense += jacobian_t @ jacobian_t.T
        self.gradient += jacobian_t @ residuals
        self.cost += cost

    def add_diagonal(
        self,
        columns: slice,
        residuals: Float[np.ndarray, " m"],
        derivatives: Float[np.ndarray, " m"],
    ) -> None:
        """Add residuals of which each depends on one unknown."""
        diagonal = self.sparse.reshape(-1)[:: len(self.gradient) + 1]
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
        self.sparse[columns[:, None], columns] += jacobian.T @ jacobian
        self.gradient[columns] += jacobian.T @ residuals
        self.cost += 0.5 * float(residuals @ residuals)

    def add(self, other: NormalEquations, columns: np.ndarray) -> None:
        """Add another problem's equations, whose unknowns are those in `columns`."""
        self.dense[columns[:, None], columns] += other.hessian
        self.gradient[columns] += other.gradient
        self.cost += other.cost
