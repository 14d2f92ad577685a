"""Levenberg–Marquardt on problems that give their normal equations. Knows nothing of faces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.errors import FitError
from mien.least_squares.one_blas_thread import one_blas_thread
from mien.least_squares.problem import Problem
from mien.least_squares.solution import Solution, Status


@dataclass(frozen=True)
class LevenbergMarquardt:
    """Step rule and limits of the solver.

    Each step solves (JᵀJ + λ diag(JᵀJ)) δ = −Jᵀr by Cholesky decomposition (Wood et al. 2022, §3.3).
    """

    max_iterations: int = 30
    """Steps at most."""
    relative_tolerance: float = 1e-6
    """Converged when a step lowers the cost by less than this fraction, and the model expected as little."""
    first_damping: float = 1e-3
    """λ of the first step."""
    damping_up: float = 6.0
    """Factor on λ after a step that failed."""
    damping_down: float = 0.2
    """Factor on λ after a step that did what the quadratic model said."""
    chord_steps: int = 0
    """So many further steps may keep the Hessian's dense part and renew all else, while they do what the
    quadratic model says (as in the chord method): cheap where the dense Jacobian is what takes time."""
    max_damping: float = 1e10
    """λ at which the search gives up."""

    @one_blas_thread
    def solve(self, problem: Problem, x: Float[np.ndarray, " n"], *, throw: bool = False) -> Solution:
        """Minimise from a start.

        Args:
            throw: raise instead of returning a solution that is not usable.

        Raises:
            FitError: with `throw`, when the cost is not finite.
        """
        solution = self._solve(problem, np.array(x, dtype=float))
        if throw and not solution.status.usable:
            raise FitError(
                f"the fit {solution.status.value}; check that the landmarks are finite numbers and the "
                "camera's focal length is positive"
            )
        return solution

    def _solve(self, problem: Problem, x: np.ndarray) -> Solution:
        normal = problem.linearize(x)
        history = [normal.cost]
        if not (np.isfinite(normal.cost) and np.isfinite(normal.gradient).all()):
            return Solution(x, Status.NOT_FINITE, 0, tuple(history))
        damping = self.first_damping
        diagonal_places = np.arange(problem.size)
        chord = 0
        for iteration in range(1, self.max_iterations + 1):
            cost, hessian = normal.cost, normal.hessian.copy()
            diagonal = _diagonal(hessian)
            while True:
                hessian[diagonal_places, diagonal_places] = diagonal * (1 + damping)
                step = _solve_positive(hessian, normal.gradient)
                if step is not None:
                    expected = 0.5 * float(step @ (damping * diagonal * step - normal.gradient))
                    new_cost = problem.cost(x + step)
                    if new_cost <= cost:
                        break
                    if expected <= 1e-13 * cost:
                        # Nothing but rounding is left to gain.
                        return Solution(x, Status.CONVERGED, iteration, tuple(history))
                if chord:
                    # The Hessian that was kept is to blame, perhaps, rather than too long a step.
                    normal, chord = problem.linearize(x), 0
                    hessian = normal.hessian.copy()
                    diagonal = _diagonal(hessian)
                    continue
                damping *= self.damping_up
                if damping > self.max_damping:
                    return Solution(x, Status.NO_DESCENT, iteration, tuple(history))
            x = x + step
            history.append(new_cost)
            gain = (cost - new_cost) / max(expected, 1e-300)
            if gain > 0.5:
                damping = max(damping * self.damping_down, 1e-9)
            elif gain < 0.1:
                damping *= self.damping_up
            small = self.relative_tolerance * new_cost
            if new_cost == 0 or (cost - new_cost <= small and (expected <= small or gain > 0.5)):
                return Solution(x, Status.CONVERGED, iteration, tuple(history))
            if iteration == self.max_iterations:
                break
            if chord < self.chord_steps and gain > 0.5:
                normal, chord = problem.linearize(x, near=normal), chord + 1
            else:
                normal, chord = problem.linearize(x), 0
        return Solution(x, Status.MAX_ITERATIONS, self.max_iterations, tuple(history))


def _diagonal(hessian: np.ndarray) -> np.ndarray:
    """Its diagonal; an unknown without any influence must not make the system singular."""
    diagonal = np.diagonal(hessian)
    return np.maximum(diagonal, 1e-12 * max(float(diagonal.max()), 1e-30))


def _solve_positive(matrix: np.ndarray, gradient: np.ndarray) -> np.ndarray | None:
    """−matrix⁻¹ gradient, or None when the matrix is not positive definite."""
    from scipy.linalg.lapack import dposv

    _, step, info = dposv(matrix, -gradient, lower=1)
    return step if info == 0 and np.isfinite(step).all() else None
