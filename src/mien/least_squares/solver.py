"""What every solver offers, so that one can stand in for another."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from mien.errors import FitError
from mien.least_squares.problem import E, Problem
from mien.least_squares.solution import Solution


@runtime_checkable
class Solver(Protocol):
    """Minimises a problem from a start: `LevenbergMarquardt`, `Lbfgs`, `ScipyLeastSquares`."""

    def solve(self, problem: Problem[E], x: Float[np.ndarray, " n"], *, throw: bool = False) -> Solution:
        """Minimise from a start.

        Args:
            x: (N,) the start.
            throw: raise instead of returning a solution that is not usable.

        Raises:
            FitError: with `throw`, when the cost is not finite at the start.
        """
        ...


@runtime_checkable
class WarmSolver(Protocol):
    """A solver that can start with the equations of a problem nearby: `LevenbergMarquardt`."""

    def solve(
        self,
        problem: Problem[E],
        x: Float[np.ndarray, " n"],
        *,
        near: E | None = None,
        throw: bool = False,
    ) -> Solution:
        """Minimise from a start.

        Args:
            x: (N,) the start.
            near: equations of a problem nearby.
            throw: raise instead of returning a solution that is not usable.

        Raises:
            FitError: with `throw`, when the cost is not finite at the start.
        """
        ...


def usable_or_raise(solution: Solution, *, throw: bool) -> Solution:
    """The solution itself.

    Raises:
        FitError: with `throw`, when it is not usable. Solvers do not know what the numbers mean, so the
            message cannot say which are wrong; who knows may check the status and say more.
    """
    if throw and not solution.status.usable:
        raise FitError(
            f"the solver {solution.status.value} at the start; check that the start and all that the problem "
            "is made of are finite numbers"
        )
    return solution
