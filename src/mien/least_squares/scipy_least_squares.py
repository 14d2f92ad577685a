"""SciPy's `least_squares`: an independent check of the other solvers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.least_squares.one_blas_thread import one_blas_thread
from mien.least_squares.problem import E, Problem
from mien.least_squares.solution import Solution, Status
from mien.least_squares.solver import usable_or_raise

_OFFSET = 10.0
"""Added to every cost, which may be slightly negative: a mixture's −log density is."""


@dataclass(frozen=True)
class ScipyLeastSquares:
    """Trust-region reflective (Branch, Coleman and Li 1999).

    Residual vectors are never kept by problems, so SciPy is given stand-ins with the same cost, gradient
    and Gauss–Newton Hessian: with H = L Lᵀ, the Jacobian Lᵀ and residuals L⁻¹ g, and one more residual,
    constant to first order, that makes up the cost.
    """

    max_iterations: int = 200
    """Evaluations at most."""
    relative_tolerance: float = 1e-10
    """Converged when a step lowers the cost by less than this fraction."""

    @one_blas_thread
    def solve(self, problem: Problem[E], x: Float[np.ndarray, " n"], *, throw: bool = False) -> Solution:
        """Minimise from a start.

        Args:
            x: (N,) the start.
            throw: raise instead of returning a solution that is not usable.

        Raises:
            FitError: with `throw`, when the cost is not finite at the start.
        """
        from scipy.optimize import least_squares

        start = np.array(x, dtype=float)
        stand_in = _StandIn(problem)
        cost = float(problem.linearize(start).cost)
        if not np.isfinite(cost):
            return usable_or_raise(Solution(start, Status.NOT_FINITE, 0, (cost,)), throw=throw)
        found = least_squares(
            stand_in.residuals,
            start,
            jac=stand_in.jacobian,  # pyright: ignore[reportArgumentType]
            method="trf",
            x_scale="jac",
            ftol=self.relative_tolerance,
            xtol=1e-12,
            gtol=1e-12,
            max_nfev=self.max_iterations,
        )
        history = (cost, float(problem.cost(found.x)))
        status = Status.CONVERGED if found.status > 0 else Status.MAX_ITERATIONS
        return usable_or_raise(Solution(found.x, status, int(found.nfev), history), throw=throw)


class _StandIn:
    """Residuals and Jacobian that have a problem's cost, gradient and Hessian."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def residuals(self, x: np.ndarray) -> np.ndarray:
        return self._at(x)[0]

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        return self._at(x)[1]

    def _at(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        from scipy.linalg import cholesky, solve_triangular

        normal = self.problem.linearize(x)
        size = len(x)
        jacobian = np.zeros((size + 1, size))
        if not np.isfinite(normal.cost):
            return np.full(size + 1, 1e100), jacobian  # refused: the trust region shrinks
        hessian = normal.hessian.copy()
        # An unknown without influence has a row of zeros, which no Cholesky decomposition bears.
        places = np.arange(size)
        hessian[places, places] += 1e-12 * max(float(hessian.max()), 1e-30)
        lower = cholesky(hessian, lower=True)
        jacobian[:size] = lower.T
        residuals = np.zeros(size + 1)
        residuals[:size] = solve_triangular(lower, normal.gradient, lower=True)
        rest = normal.cost + _OFFSET - 0.5 * float(residuals @ residuals)
        residuals[size] = np.sqrt(max(2 * rest, 0.0))
        return residuals, jacobian
