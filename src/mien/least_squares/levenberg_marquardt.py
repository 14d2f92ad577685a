"""Levenberg–Marquardt (Marquardt 1963): the house's own solver, for all that is fitted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.least_squares.one_blas_thread import one_blas_thread
from mien.least_squares.problem import E, Problem
from mien.least_squares.solution import Solution, Status
from mien.least_squares.solver import usable_or_raise
from mien.progress import Progress, ProgressReport, silent

_ROUNDING = 1e-13
"""A step that is expected to gain less than this fraction of the cost gains rounding: the cost is a sum of
some thousand squares, each exact to 2e-16."""

_GOOD_GAIN, _POOR_GAIN = 0.5, 0.1
"""Gain is what a step lowers the cost by over what was expected. Above the first the model is trusted more,
below the second less; between the two λ stays, so that it does not go up and down in turn."""

_MIN_DAMPING = 1e-9
"""λ that is as good as none (Gauss–Newton); without a floor the way back up would take many tries."""


@dataclass(frozen=True)
class LevenbergMarquardt:
    """Step rule and limits of the solver.

    Each step solves (JᵀJ + λ diag(JᵀJ)) δ = −Jᵀr by Cholesky decomposition (Wood et al. 2022, §3.3): the
    problem's equations do, each in its own way. λ follows the ratio of the decrease to the one expected
    (Madsen, Nielsen and Tingleff 2004, §3.2), by fixed factors.
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
    def solve(
        self,
        problem: Problem[E],
        x: Float[np.ndarray, " n"],
        *,
        near: E | None = None,
        report: ProgressReport = silent,
        throw: bool = False,
    ) -> Solution:
        """Minimise from a start.

        Args:
            x: (N,) the start.
            near: equations of a problem nearby, as the last frame's: the first chord step starts with them.
            report: told of the steps done, of all that the limit allows.
            throw: raise instead of returning a solution that is not usable.

        Raises:
            FitError: with `throw`, when the cost is not finite at the start.
        """
        return usable_or_raise(self._solve(problem, np.array(x, dtype=float), near, report), throw=throw)

    def _solve(self, problem: Problem[E], x: np.ndarray, near: E | None, report: ProgressReport) -> Solution:
        equations = problem.linearize(x, near=near)
        history = [equations.cost]
        if not (np.isfinite(equations.cost) and np.isfinite(equations.gradient).all()):
            return Solution(x, Status.NOT_FINITE, 0, tuple(history))
        damping = self.first_damping
        chord = 0 if near is None else 1
        for iteration in range(1, self.max_iterations + 1):
            cost = equations.cost
            while True:
                step = equations.step(damping)
                if step is not None:
                    tried = x + step.change
                    new_cost = problem.cost(tried)
                    # Written so that a cost that is not a number counts as higher.
                    if new_cost <= cost:
                        break
                    if step.expected_decrease <= _ROUNDING * abs(cost):
                        return Solution(x, Status.CONVERGED, iteration, tuple(history), equations)
                if chord:
                    # The Hessian that was kept is to blame, perhaps, rather than too long a step.
                    equations, chord = problem.linearize(x), 0
                    continue
                damping *= self.damping_up
                if damping > self.max_damping:
                    return Solution(x, Status.NO_DESCENT, iteration, tuple(history), equations)
            x = tried
            history.append(new_cost)
            report(Progress(iteration, self.max_iterations))
            expected = step.expected_decrease
            gain = (cost - new_cost) / max(expected, 1e-300)
            if gain > _GOOD_GAIN:
                damping = max(damping * self.damping_down, _MIN_DAMPING)
            elif gain < _POOR_GAIN:
                damping *= self.damping_up
            small = self.relative_tolerance * abs(new_cost)
            # A small decrease alone proves nothing: where the model promised more, the step was too long, as
            # when each lands on the other side of a valley.
            if new_cost == 0 or (cost - new_cost <= small and (expected <= small or gain > _GOOD_GAIN)):
                return Solution(x, Status.CONVERGED, iteration, tuple(history), equations)
            if iteration == self.max_iterations:
                break
            if chord < self.chord_steps and gain > _GOOD_GAIN:
                equations, chord = problem.linearize(x, near=equations), chord + 1
            else:
                equations, chord = problem.linearize(x), 0
        return Solution(x, Status.MAX_ITERATIONS, self.max_iterations, tuple(history), equations)
