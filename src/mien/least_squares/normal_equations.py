"""The normal equations of a least-squares problem, summed up term by term."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Float32

from mien.least_squares.equations import Step, kept_off_zero


@dataclass
class NormalEquations:
    """Quadratic model of a cost ½‖r(x)‖² about one point; the residual vector itself is never kept.

    The Hessian JᵀJ is kept in two parts, since what comes from residuals that depend on every unknown takes
    nearly all of the time and changes slowly: near a point that was linearised, that part may be taken over.

    First everything is added, then steps are asked for: from the first step on the arrays are read-only.

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
    _damped: tuple[np.ndarray, np.ndarray] | None = field(default=None, init=False, repr=False)

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

    @property
    def diagonal(self) -> Float[np.ndarray, " n"]:
        """(N,) diagonal of JᵀJ, kept off zero."""
        return kept_off_zero(np.diagonal(self.dense) + np.diagonal(self.sparse))

    def step(self, damping: float) -> Step | None:
        """δ of (JᵀJ + λ diag JᵀJ) δ = −Jᵀr by Cholesky decomposition.

        None when the damped matrix is not positive definite.
        """
        from scipy.linalg.lapack import dposv

        if self._damped is None:
            # One matrix for all dampings that are tried: each rewrites its diagonal only.
            matrix = self.dense + self.sparse
            self._damped = matrix, kept_off_zero(np.diagonal(matrix))
            for part in (self.dense, self.sparse, self.gradient):
                part.flags.writeable = False
        matrix, diagonal = self._damped
        matrix.reshape(-1)[:: len(diagonal) + 1] = diagonal * (1 + damping)
        _, change, info = dposv(matrix, -self.gradient, lower=1)
        if info != 0 or not np.isfinite(change).all():
            return None
        return Step(change, 0.5 * float(change @ (damping * diagonal * change - self.gradient)))

    def add_dense(
        self, residuals: Float[np.ndarray, " m"], jacobian_t: Float[np.ndarray, "n m"], *, cost: float
    ) -> None:
        """Add residuals that depend on every unknown, given the transposed Jacobian.

        Args:
            cost: theirs; given, since robust terms pass re-weighted residuals.
        """
        if not self.dense_given:
            # The product of an array with its own transpose runs as a symmetric rank-k update: half the work.
            self.dense += jacobian_t @ jacobian_t.T
        self.gradient += jacobian_t @ residuals
        self.cost += cost

    def add_gram(self, jacobian_t: Float32[np.ndarray, "n m"]) -> None:
        """Add the Hessian alone of residuals that depend on every unknown, given the transposed Jacobian in
        single precision: a step need not know it better."""
        self.dense += jacobian_t @ jacobian_t.T

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
