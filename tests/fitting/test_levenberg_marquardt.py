"""The solver on small standard problems, and against an independent one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from mien.errors import FitError
from mien.fitting.scene.fit_model import FitModel
from mien.fitting.scene.head_problem import HeadProblem
from mien.fitting.scene.head_state import HeadScene
from mien.fitting.scene.unknowns import Unknowns
from mien.fitting.terms.landmarks import LandmarkTerm
from mien.least_squares.levenberg_marquardt import LevenbergMarquardt
from mien.least_squares.normal_equations import NormalEquations
from mien.least_squares.solution import Status
from tests.fitting.scenes import exact_landmarks, some_parameters


@dataclass
class SmallProblem:
    residuals: Callable[[np.ndarray], np.ndarray]
    start: np.ndarray
    answer: np.ndarray

    @property
    def size(self) -> int:
        return len(self.start)

    def cost(self, x: np.ndarray) -> float:
        return 0.5 * float((self.residuals(x) ** 2).sum())

    def linearize(self, x: np.ndarray, *, near: NormalEquations | None = None) -> NormalEquations:
        step = 1e-7
        shifts = step * np.eye(len(x))
        jacobian_t = np.array([(self.residuals(x + d) - self.residuals(x - d)) / (2 * step) for d in shifts])
        normal = NormalEquations.zeros(len(x), near=near)
        normal.add_dense(self.residuals(x), jacobian_t, cost=self.cost(x))
        return normal


GRID = np.linspace(0, 3, 20)
PROBLEMS = {
    "rosenbrock": SmallProblem(
        lambda x: np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]]), np.array([-1.2, 1.0]), np.array([1.0, 1.0])
    ),
    "linear": SmallProblem(
        lambda x: np.array([2 * x[0] - 4, x[0] + 3 * x[1] - 5]), np.zeros(2), np.array([2.0, 1.0])
    ),
    "exponential": SmallProblem(
        lambda x: x[0] * np.exp(-x[1] * GRID) - 2 * np.exp(-0.7 * GRID),
        np.array([1.0, 0.0]),
        np.array([2.0, 0.7]),
    ),
    "beale": SmallProblem(
        lambda x: np.array([1.5, 2.25, 2.625]) - x[0] * (1 - x[1] ** np.arange(1, 4)),
        np.array([1.0, 0.8]),
        np.array([3.0, 0.5]),
    ),
    "badly scaled": SmallProblem(
        lambda x: np.array([1e4 * x[0] * x[1] - 1, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001]),
        np.array([0.0, 1.0]),
        np.array([1.09815933e-5, 9.10614674]),
    ),
    "without influence": SmallProblem(lambda x: np.array([x[0] - 1]), np.array([5.0, 7.0]), np.array([1, 7])),
}


@pytest.mark.parametrize("chord_steps", [0, 3])
@pytest.mark.parametrize("name", PROBLEMS)
def test_standard_problems(name, chord_steps):
    problem = PROBLEMS[name]
    solver = LevenbergMarquardt(max_iterations=200, relative_tolerance=1e-12, chord_steps=chord_steps)
    solution = solver.solve(problem, problem.start)
    assert solution.status.usable
    np.testing.assert_allclose(solution.x, problem.answer, rtol=1e-3, atol=1e-6)
    assert all(later <= earlier for earlier, later in zip(solution.cost_history, solution.cost_history[1:]))  # noqa: B905


def test_limit_of_iterations_is_a_status():
    problem = PROBLEMS["rosenbrock"]
    solution = LevenbergMarquardt(max_iterations=2).solve(problem, problem.start)
    assert solution.status is Status.MAX_ITERATIONS
    assert solution.iterations == 2


def test_not_finite_is_a_status_or_an_error():
    problem = SmallProblem(lambda x: np.array([np.nan * x[0]]), np.zeros(1), np.zeros(1))
    assert LevenbergMarquardt().solve(problem, problem.start).status is Status.NOT_FINITE
    with pytest.raises(FitError, match="finite"):
        LevenbergMarquardt().solve(problem, problem.start, throw=True)


def test_steps_that_leave_the_domain_are_shortened():
    problem = SmallProblem(
        lambda x: np.array([np.log(x[0])]) if x[0] > 0 else np.array([np.nan]),
        np.array([8.0]),
        np.array([1.0]),
    )
    solution = LevenbergMarquardt(max_iterations=100).solve(problem, problem.start)
    np.testing.assert_allclose(solution.x, [1.0], rtol=1e-4)


def test_same_optimum_as_scipy(head, camera):
    """The same landmark residuals through scipy's trust-region solver with numeric derivatives."""
    from scipy.optimize import least_squares

    landmarks = exact_landmarks(head, some_parameters(head, seed=5), camera, set_name="toy60")
    noise = np.random.default_rng(0).normal(size=landmarks.points_px.shape)
    term = LandmarkTerm((landmarks.points_px + noise).T.copy(), np.ones(len(landmarks)))
    unknowns = Unknowns(expression_count=head.expression_count)
    scene = HeadScene(FitModel.of(head, "toy60"), unknowns, some_parameters(head, seed=6, turn=0.1), camera)
    problem = HeadProblem(scene, (term,))
    ours = LevenbergMarquardt(max_iterations=100, relative_tolerance=1e-10).solve(problem, problem.start())
    theirs = least_squares(
        lambda x: ((problem.state(x).points_px - term.target_px) * term.precision).reshape(-1),
        problem.start(),
        x_scale="jac",
        xtol=1e-12,
        ftol=1e-12,
    )
    assert ours.cost == pytest.approx(theirs.cost, rel=1e-5)
