"""L-BFGS (Liu and Nocedal 1989), as SciPy's L-BFGS-B.

The paper's offline system minimises all frames' parameters with it (Wood et al. 2022, §3.3). It uses
gradients only, so a step costs little where unknowns are many; where they are a few hundred,
Levenberg–Marquardt is quicker.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.least_squares.equations import Equations
from mien.least_squares.one_blas_thread import one_blas_thread
from mien.least_squares.problem import E, Problem
from mien.least_squares.solution import Solution, Status
from mien.least_squares.solver import usable_or_raise

_Map = Callable[[np.ndarray], np.ndarray]

_FAR = 1e300
"""Cost that stands for "not finite": the line search then steps shorter."""

_WORTH_A_RUN = 1e-6
"""A run that lowers the cost by less than this fraction is the last."""


@dataclass(frozen=True)
class Lbfgs:
    """Limits of the solver.

    Unknowns are scaled by the Gauss–Newton Hessian at the start, as metres, radians and shape weights differ
    by orders of magnitude and lean on one another; when a run ends, the next starts there with a new
    scaling, until one gains nothing.
    """

    max_iterations: int = 1000
    """Steps at most."""
    relative_tolerance: float = 1e-9
    """Converged when a step lowers the cost by less than this fraction."""
    memory: int = 30
    """Steps that the approximation of the curvature remembers."""
    dense_limit: int = 2000
    """Up to so many unknowns the whole Hessian is used for scaling, beyond its diagonal: a dense Cholesky
    decomposition of 2000 takes a tenth of a second, and grows with the cube."""

    @one_blas_thread
    def solve(self, problem: Problem[E], x: Float[np.ndarray, " n"], *, throw: bool = False) -> Solution:
        """Minimise from a start.

        Args:
            x: (N,) the start.
            throw: raise instead of returning a solution that is not usable.

        Raises:
            FitError: with `throw`, when the cost is not finite at the start.
        """
        x = np.array(x, dtype=float)
        cost = float(problem.linearize(x).cost)
        history = [cost]
        if not np.isfinite(cost):
            return usable_or_raise(Solution(x, Status.NOT_FINITE, 0, tuple(history)), throw=throw)
        iterations = 0
        while True:
            x, status, steps = self._run(problem, x, history, self.max_iterations - iterations)
            iterations += steps
            gained = cost - history[-1]
            cost = history[-1]
            # A run from a new scaling that gains nothing is the end; so is the limit.
            if gained <= _WORTH_A_RUN * abs(cost) or iterations >= self.max_iterations:
                return usable_or_raise(Solution(x, status, iterations, tuple(history)), throw=throw)

    def _run(
        self, problem: Problem[E], start: np.ndarray, history: list[float], max_iterations: int
    ) -> tuple[np.ndarray, Status, int]:
        """One run with the scaling of its start; adds to the history."""
        from scipy.optimize import minimize

        from_scaled, gradient_to_scaled = self._scaling(problem.linearize(start))

        def cost_and_gradient(y: np.ndarray) -> tuple[float, np.ndarray]:
            here = problem.linearize(start + from_scaled(y))
            if not (np.isfinite(here.cost) and np.isfinite(here.gradient).all()):
                return _FAR, np.zeros_like(y)
            return here.cost, gradient_to_scaled(here.gradient)

        def note(y: np.ndarray) -> None:
            history.append(float(problem.cost(start + from_scaled(y))))

        found = minimize(
            cost_and_gradient,
            np.zeros_like(start),
            jac=True,
            method="L-BFGS-B",
            callback=note,
            options={
                "maxiter": max_iterations,
                "maxfun": 3 * max_iterations,
                "ftol": self.relative_tolerance,
                "gtol": 1e-10,
                "maxcor": self.memory,
            },
        )
        x = start + from_scaled(found.x)
        cost = float(problem.cost(x))
        if not cost <= history[-1]:
            history.append(float(problem.cost(start)))
            return start, Status.NO_DESCENT, int(found.nit)
        if cost != history[-1]:
            history.append(cost)
        # SciPy: 0 converged, 1 at a limit, 2 the line search found no lower place.
        status = {0: Status.CONVERGED, 1: Status.MAX_ITERATIONS}.get(found.status, Status.NO_DESCENT)
        return x, status, int(found.nit)

    def _scaling(self, equations: Equations) -> tuple[_Map, _Map]:
        """y ↦ the unknowns' change, and how gradients map to y."""
        from scipy.linalg import LinAlgError, cholesky, solve_triangular

        diagonal = equations.diagonal
        floor = 1e-9 * float(diagonal.max())
        if len(diagonal) <= self.dense_limit:
            damped = equations.hessian.copy()
            # As a first step of Levenberg–Marquardt: directions that the cost hardly knows stay bounded.
            np.fill_diagonal(damped, damped.diagonal() + np.maximum(1e-3 * diagonal, floor))
            try:
                lower = cholesky(damped, lower=True)
            except LinAlgError:
                pass  # not positive definite: scale by the diagonal
            else:
                return (
                    lambda y: solve_triangular(lower, y, lower=True, trans=1),
                    lambda gradient: solve_triangular(lower, gradient, lower=True),
                )
        scale = 1 / np.sqrt(np.maximum(diagonal, floor))
        return lambda y: scale * y, lambda gradient: scale * gradient
