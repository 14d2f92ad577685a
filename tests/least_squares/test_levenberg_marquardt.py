"""What Levenberg–Marquardt does on its way: shorter steps, chord steps, the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from mien.least_squares.levenberg_marquardt import LevenbergMarquardt
from mien.least_squares.normal_equations import NormalEquations
from mien.least_squares.solution import Status
from mien.progress import Progress
from tests.least_squares.problems import PROBLEMS, ChainProblem, SmallProblem


class Counting:
    """A problem that counts its linearisations, and those of which a chord step took a part over."""

    def __init__(self, problem) -> None:
        self.problem, self.size, self.cost, self.full, self.chords = problem, problem.size, problem.cost, 0, 0

    def linearize(self, x, *, near=None):
        self.full += near is None
        self.chords += near is not None
        return self.problem.linearize(x, near=near)


@dataclass
class Shifted:
    """A problem's cost less a constant, as of a −log density."""

    problem: SmallProblem
    by: float

    @property
    def size(self) -> int:
        return self.problem.size

    def cost(self, x: np.ndarray) -> float:
        return self.problem.cost(x) - self.by

    def linearize(self, x: np.ndarray, *, near: NormalEquations | None = None) -> NormalEquations:
        normal = self.problem.linearize(x, near=near)
        normal.cost -= self.by
        return normal


def test_steps_that_leave_the_domain_are_shortened():
    problem = SmallProblem(
        lambda x: np.array([np.log(x[0])]) if x[0] > 0 else np.array([np.nan]),
        np.array([8.0]),
        np.array([1.0]),
    )
    solution = LevenbergMarquardt(max_iterations=100).solve(problem, problem.start)
    np.testing.assert_allclose(solution.x, [1.0], rtol=1e-4)


def test_chord_steps_take_the_dense_part_over():
    problem = Counting(PROBLEMS["exponential"])
    solver = LevenbergMarquardt(max_iterations=50, relative_tolerance=1e-10, chord_steps=2)
    assert solver.solve(problem, problem.problem.start).status is Status.CONVERGED
    assert problem.chords > 0
    plain = Counting(PROBLEMS["exponential"])
    LevenbergMarquardt(max_iterations=50, relative_tolerance=1e-10).solve(plain, plain.problem.start)
    assert plain.chords == 0
    assert problem.full < plain.full


def test_cost_below_zero_converges():
    """Tolerances are shares of the cost's size, whatever its sign."""
    problem = PROBLEMS["exponential"]
    solution = LevenbergMarquardt(max_iterations=100).solve(Shifted(problem, 50.0), problem.start)
    assert solution.status is Status.CONVERGED
    assert solution.iterations < 20
    np.testing.assert_allclose(solution.x, problem.answer, rtol=1e-2)


def test_a_step_that_gains_less_than_promised_is_not_the_end():
    """Newton's method on arctan from 1.39174: each step lands on the other side, a little lower."""
    problem = SmallProblem(lambda x: np.array([np.arctan(x[0]), 0.1]), np.array([1.39174]), np.zeros(1))
    solver = LevenbergMarquardt(max_iterations=50, relative_tolerance=1e-4, first_damping=1e-12)
    solution = solver.solve(problem, problem.start)
    first, second = solution.cost_history[:2]
    assert 0 < first - second < 1e-4 * first
    assert solution.status is Status.CONVERGED
    np.testing.assert_allclose(solution.x, 0, atol=1e-3)


def test_a_gradient_that_leads_upwards_ends_without_descent():
    problem = PROBLEMS["linear"]
    uphill = SmallProblem(problem.residuals, problem.start, problem.answer)
    honest = uphill.linearize

    def reversed_(x, *, near=None):
        normal = honest(x, near=near)
        normal.gradient *= -1
        return normal

    uphill.linearize = reversed_
    solution = LevenbergMarquardt().solve(uphill, uphill.start, throw=True)
    assert solution.status is Status.NO_DESCENT
    np.testing.assert_array_equal(solution.x, problem.start)


@pytest.mark.parametrize("problem", [PROBLEMS["rosenbrock"], ChainProblem()], ids=["dense", "chain"])
def test_every_accepted_step_is_reported(problem):
    told: list[Progress] = []
    solution = LevenbergMarquardt(max_iterations=40).solve(problem, problem.start, report=told.append)
    assert [progress.done for progress in told] == list(range(1, len(solution.cost_history)))
    assert {progress.total for progress in told} == {40}


def test_the_start_is_left_alone():
    problem = PROBLEMS["rosenbrock"]
    start = problem.start.copy()
    LevenbergMarquardt().solve(problem, start)
    np.testing.assert_array_equal(start, problem.start)
