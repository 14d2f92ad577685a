"""Three solvers, one answer: the same cost to 0.1 % on every kind of problem."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mien.evaluation.fitting.solvers import SOLVERS, noisy_problem
from mien.fitting.config import FitConfig
from mien.fitting.scene.fit_model import FitModel
from mien.fitting.scene.head_problem import HeadProblem
from mien.fitting.scene.head_state import HeadScene
from mien.fitting.scene.shared_problem import Sharing
from mien.fitting.scene.unknowns import Unknowns
from mien.fitting.sequence_problem import SequenceProblem
from mien.fitting.terms.landmarks import LandmarkTerm
from mien.heads.library import load_head
from mien.heads.model import Head
from mien.least_squares.levenberg_marquardt import LevenbergMarquardt
from mien.least_squares.problem import Problem
from mien.least_squares.solver import Solver
from tests.fitting.scenes import exact_landmarks, some_parameters
from tests.least_squares.problems import PROBLEMS
from tests.toy_head import toy_head


def shots(seed: int) -> list[HeadProblem]:
    """Three pictures of one person."""
    weights = FitConfig(robust_kernel="none")
    return [noisy_problem(toy_head(), "toy60", weights, person=seed, shot=shot) for shot in range(3)]


def small(name: str) -> Callable[[], tuple[Problem, np.ndarray]]:
    return lambda: (PROBLEMS[name], PROBLEMS[name].start)


def photo(seed: int, head: Callable[[], Head], set_name: str, **weights) -> Callable:
    def make():
        problem = noisy_problem(head(), set_name, FitConfig(**weights), person=seed)
        return problem, problem.start()

    return make


def views(seed: int, **sharing) -> Callable:
    def make():
        problem = Sharing(**sharing).problem(shots(seed))
        return problem, problem.start()

    return make


def sequence(seed: int, *, still_vertices_std_m: float) -> Callable:
    def make():
        problem = SequenceProblem(tuple(shots(seed)), still_vertices_std_m)
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
    "sequence": sequence(3, still_vertices_std_m=0.0),
    "sequence, still vertices": sequence(4, still_vertices_std_m=0.01),
}  # fmt: skip


def test_there_are_at_least_twenty():
    assert len(CASES) >= 20


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


def test_same_optimum_with_numeric_derivatives(head, camera):
    """The same residuals through SciPy's trust-region solver, which sees nothing of our equations."""
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
