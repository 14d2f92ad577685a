"""What every solver offers, so that one can stand in for another."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from mien.errors import FitError
from mien.least_squares.problem import Problem
from mien.least_squares.solution import Solution


@runtime_checkable
class Solver(Protocol):
    """Minimises a problem from a start: `LevenbergMarquardt`, `Lbfgs`, `ScipyLeastSquares`."""

    def solve(self, problem: Problem, x: Float[np.ndarray, " n"], *, throw: bool = False) -> Solution:
        """Minimise from a start; with `throw`, raise FitError when the solution is not usable."""
        ...


def usable_or_raise(solution: Solution, *, throw: bool) -> Solution:
    """The solution itself.

    Raises:
        FitError: with `throw`, when it is not usable.
    """
    if throw and not solution.status.usable:
        raise FitError(
            f"the fit {solution.status.value}; check that the landmarks are finite numbers and the camera's "
            "focal length is positive"
        )
    return solution
