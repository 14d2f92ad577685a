"""Three solvers, one answer: the same cost to 0.1 % on twenty problems."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mien.errors import FitError
from mien.evaluation.fitting.solvers import SOLVERS, noisy_problem
from mien.fitting.config import FitConfig
from mien.fitting.scene.shared_columns import Sharing
from mien.heads.library import load_head
from mien.heads.model import Head
from mien.least_squares.problem import Problem
from mien.least_squares.solution import Status
from mien.least_squares.solver import Solver
from tests.fitting.test_levenberg_marquardt import PROBLEMS
from tests.toy_head import toy_head


def views_problem(seed: int, sharing: Sharing) -> Problem:
    weights = FitConfig(robust_kernel="none")
    parts = [noisy_problem(toy_head(), "toy60", weights, person=seed, shot=shot) for shot in range(3)]
    return sharing.problem(parts)


def small(name: str) -> Callable[[], tuple[Problem, np.ndarray]]:
    return lambda: (PROBLEMS[name], PROBLEMS[name].start)


def photo(seed: int, head: Callable[[], Head], set_name: str, **weights) -> Callable:
    def make():
        problem = noisy_problem(head(), set_name, FitConfig(**weights), person=seed)
        return problem, problem.start()

    return make


def views(seed: int, **sharing) -> Callable:
    def make():
        problem = views_problem(seed, Sharing(**sharing))
        return problem, problem.start()

    return make


CASES: dict[str, Callable[[], tuple[Problem, np.ndarray]]] = {
    **{name: small(name) for name in ("rosenbrock", "linear", "exponential", "beale")},
    **{f"toy {seed}": photo(seed, toy_head, "toy", robust_kernel="none") for seed in range(4)},
    **{f"toy huber {seed}": photo(seed, toy_head, "toy60") for seed in range(4, 7)},
    **{f"toy geman {seed}": photo(seed, toy_head, "toy", robust_kernel="geman_mcclure", robust_scale=20.0)
       for seed in range(7, 9)},
    **{f"built-in {seed}": photo(seed, load_head, "ibug68") for seed in range(3)},
    "built-in colliding": photo(3, load_head, "ibug68", skin_eyeball_std_m=1e-3, lid_gap_std_m=1e-3),
    "views": views(0),
    "views, one focal length": views(1, focal=True),
    "views, one expression": views(2, expression=True, focal=True),
}  # fmt: skip


def test_there_are_twenty():
    assert len(CASES) == 20


@pytest.mark.parametrize("case", CASES)
def test_solvers_reach_the_same_cost(case: str):
    costs = {}
    for name, solver in SOLVERS.items():
        problem, start = CASES[case]()
        assert isinstance(solver, Solver)
        solution = solver.solve(problem, start)
        assert solution.status.usable, name
        assert solution.cost == pytest.approx(problem.cost(solution.x))
        assert solution.cost <= solution.cost_history[0]
        costs[name] = solution.cost
    low, high = min(costs.values()), max(costs.values())
    assert high - low <= 1e-3 * abs(high) + 1e-6, costs


@pytest.mark.parametrize("name", SOLVERS)
def test_not_finite_is_a_status_or_an_error(name: str):
    problem = replace(PROBLEMS["linear"], residuals=lambda x: np.array([np.nan * x[0], x[1]]))
    assert SOLVERS[name].solve(problem, problem.start).status is Status.NOT_FINITE
    with pytest.raises(FitError, match="finite"):
        SOLVERS[name].solve(problem, problem.start, throw=True)


@pytest.mark.parametrize("name", ["L-BFGS", "SciPy least_squares"])
def test_limit_of_iterations_is_a_status(name: str):
    problem = PROBLEMS["rosenbrock"]
    solver = replace(SOLVERS[name], max_iterations=2)  # type: ignore[type-var]
    assert solver.solve(problem, problem.start).status is Status.MAX_ITERATIONS
