"""Every solver on every small problem whose answer is known, and on both kinds of equations."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from mien.errors import FitError
from mien.least_squares.lbfgs import Lbfgs
from mien.least_squares.levenberg_marquardt import LevenbergMarquardt
from mien.least_squares.problem import Problem
from mien.least_squares.scipy_least_squares import ScipyLeastSquares
from mien.least_squares.solution import Status
from mien.least_squares.solver import Solver
from tests.least_squares.problems import PROBLEMS, ChainProblem

SOLVERS: dict[str, Solver] = {
    "Levenberg–Marquardt": LevenbergMarquardt(max_iterations=200, relative_tolerance=1e-12),
    "with chord steps": LevenbergMarquardt(max_iterations=200, relative_tolerance=1e-12, chord_steps=3),
    "L-BFGS": Lbfgs(relative_tolerance=1e-14),
    "L-BFGS, scaled by the diagonal": Lbfgs(relative_tolerance=1e-14, dense_limit=0),
    "SciPy least_squares": ScipyLeastSquares(relative_tolerance=1e-14),
}
TOO_HARD = {("badly scaled", "SciPy least_squares")}
"""Its curved valley takes SciPy's trust region more than 5,000 steps."""


@pytest.mark.parametrize(
    ("case", "name"), [pair for pair in itertools.product(PROBLEMS, SOLVERS) if pair not in TOO_HARD]
)
def test_standard_problems(case: str, name: str):
    problem, solver = PROBLEMS[case], SOLVERS[name]
    assert isinstance(problem, Problem)
    assert isinstance(solver, Solver)
    solution = solver.solve(problem, problem.start)
    assert solution.status.usable
    np.testing.assert_allclose(solution.x, problem.answer, rtol=1e-3, atol=1e-6)
    assert solution.cost == pytest.approx(problem.cost(solution.x), abs=1e-20)
    assert list(solution.cost_history) == sorted(solution.cost_history, reverse=True)


@pytest.mark.parametrize("name", SOLVERS)
def test_a_chain_has_the_same_answer_as_one_dense_problem(name: str):
    chain = ChainProblem()
    assert isinstance(chain, Problem)
    expected = SOLVERS["Levenberg–Marquardt"].solve(chain.dense(), chain.start)
    assert expected.cost < 0.1 * expected.cost_history[0]
    solution = SOLVERS[name].solve(chain, chain.start)
    assert solution.status.usable
    np.testing.assert_allclose(solution.x, expected.x, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize(
    "problem",
    [
        replace(PROBLEMS["linear"], residuals=lambda x: np.array([np.nan * x[0], x[1]])),
        ChainProblem(measured=np.nan),
    ],
    ids=["dense", "chain"],
)
def test_not_finite_is_a_status_or_an_error(problem, name: str):
    solution = SOLVERS[name].solve(problem, problem.start)
    assert solution.status is Status.NOT_FINITE
    np.testing.assert_array_equal(solution.x, problem.start)
    with pytest.raises(FitError, match="failed: the cost is not a finite number at the start") as raised:
        SOLVERS[name].solve(problem, problem.start, throw=True)
    for word in ("face", "head", "landmark", "camera", "focal"):
        assert word not in str(raised.value), "solvers know nothing of faces"


@pytest.mark.parametrize("name", SOLVERS)
def test_limit_of_iterations_is_a_status(name: str):
    problem = PROBLEMS["rosenbrock"]
    solver = replace(SOLVERS[name], max_iterations=2)  # type: ignore[type-var]
    solution = solver.solve(problem, problem.start, throw=True)
    assert solution.status is Status.MAX_ITERATIONS
    assert solution.iterations == 2
    assert solution.cost <= solution.cost_history[0]
