"""Three solvers, one answer: the same cost to 0.1 % on twenty problems."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mien.cameras import Camera
from mien.errors import FitError
from mien.fitting.fit_model import FitModel
from mien.fitting.head_state import HeadScene
from mien.fitting.lbfgs import Lbfgs
from mien.fitting.levenberg_marquardt import LevenbergMarquardt, Problem
from mien.fitting.problem import HeadProblem
from mien.fitting.results import Status
from mien.fitting.scipy_least_squares import ScipyLeastSquares
from mien.fitting.shared_columns import Sharing
from mien.fitting.solver import Solver
from mien.fitting.terms.focal_prior import FocalTerm
from mien.fitting.terms.landmarks import LandmarkTerm
from mien.fitting.terms.priors import prior_terms
from mien.fitting.unknowns import Unknowns
from mien.fitting.weights import FitWeights
from mien.heads.library import load_head
from mien.heads.model import Head
from tests.fitting.scenes import CAMERA_FROM_WORLD, exact_landmarks, some_parameters
from tests.fitting.test_levenberg_marquardt import PROBLEMS
from tests.toy_head import toy_head

SOLVERS: dict[str, Solver] = {
    "lm": LevenbergMarquardt(max_iterations=200, relative_tolerance=1e-9),
    "lbfgs": Lbfgs(),
    "scipy": ScipyLeastSquares(),
}
CAMERA = Camera.from_focal(800.0, width_px=640, height_px=480, camera_from_world=CAMERA_FROM_WORLD)


def photo_problem(
    head: Head, set_name: str, *, seed: int, weights: FitWeights, focal: bool = True, first: bool = True
) -> HeadProblem:
    """Noisy landmarks of a random head, from a start nearby."""
    rng = np.random.default_rng(seed)
    truth = some_parameters(head, seed=seed)
    truth = replace(truth, identity=some_parameters(head, seed=seed % 7).identity)
    landmarks = exact_landmarks(head, truth, CAMERA, set_name=set_name)
    landmarks = replace(landmarks, points_px=landmarks.points_px + rng.normal(size=landmarks.points_px.shape))
    model = FitModel.of(head, set_name)
    unknowns = Unknowns(
        identity_count=head.identity_count,
        expression_count=head.expression_count,
        joints=model.free_joints,
        focal=focal,
    )
    start = replace(
        head.neutral(),
        root_rotation=truth.root_rotation + 0.1 * rng.normal(size=3),
        root_translation_m=truth.root_translation_m + 0.02 * rng.normal(size=3),
    )
    terms = [LandmarkTerm.of(landmarks, weights), *prior_terms(head, unknowns, weights, identity=first)]
    if focal and first:
        terms.append(FocalTerm(850.0, 0.2))
    return HeadProblem(HeadScene(model, unknowns, start, CAMERA), tuple(terms))


def views_problem(seed: int, sharing: Sharing) -> Problem:
    weights = FitWeights(robust_kernel="none")
    return sharing.problem(
        [
            photo_problem(toy_head(), "toy60", seed=seed + 7 * view, weights=weights, first=view == 0)
            for view in range(3)
        ]
    )


def small(name: str) -> Callable[[], tuple[Problem, np.ndarray]]:
    return lambda: (PROBLEMS[name], PROBLEMS[name].start)


def photo(seed: int, head: Callable[[], Head], set_name: str, **weights) -> Callable:
    def make():
        problem = photo_problem(head(), set_name, seed=seed, weights=FitWeights(**weights))
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


@pytest.mark.parametrize("name", ["lbfgs", "scipy"])
def test_limit_of_iterations_is_a_status(name: str):
    problem = PROBLEMS["rosenbrock"]
    solver = replace(SOLVERS[name], max_iterations=2)  # type: ignore[type-var]
    assert solver.solve(problem, problem.start).status is Status.MAX_ITERATIONS
