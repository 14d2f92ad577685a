"""A head is drawn onto a surface that is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mien.heads.library import load_head
from mien.heads.parameters import HeadParameters
from mien.landmarks_in_fields.surface_problem import HeadPriors, Pulls, SurfaceProblem
from mien.least_squares.levenberg_marquardt import LevenbergMarquardt

FULL = load_head()
HEAD = FULL.subset(FULL.landmark_set("dense703").vertices[::7])
COUNT = HEAD.vertex_count


def somebody(seed: int, *, turn_rad: float = 0.3) -> HeadParameters:
    rng = np.random.default_rng(seed)
    return replace(
        HEAD.neutral(),
        identity=0.5 * rng.normal(size=HEAD.identity_count),
        expression=0.1 * rng.random(HEAD.expression_count),
        root_rotation=turn_rad * rng.normal(size=3),
        root_translation_m=0.1 * rng.normal(size=3),
    )


def pulls_to(target: HeadParameters, *, planes: bool) -> Pulls:
    rng = np.random.default_rng(5)
    normals = rng.normal(size=(COUNT, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    precision = 1 / rng.uniform(0.001, 0.003, COUNT)
    return Pulls(np.arange(COUNT), HEAD.vertices_m(target), normals if planes else None, precision)


def test_gradient_and_cost_agree_with_finite_differences():
    start, target = somebody(0), somebody(1)
    pulls = (pulls_to(target, planes=True), pulls_to(target, planes=False))
    problem = SurfaceProblem(HEAD, start, pulls)
    # The Jacobian leaves out what identity does to joints and expressions; a turn it knows at its start
    start = replace(start, expression=np.zeros(HEAD.expression_count))
    problem = SurfaceProblem(HEAD, start, pulls)
    x = np.zeros(problem.size)
    equations = problem.linearize(x)
    assert np.isclose(equations.cost, problem.cost(x))
    step = 1e-6
    for column in [*range(6), 6, 9, 30, 6 + HEAD.identity_count, problem.size - 3]:
        ahead, back = x.copy(), x.copy()
        ahead[column] += step
        back[column] -= step
        slope = (problem.cost(ahead) - problem.cost(back)) / (2 * step)
        assert np.isclose(equations.gradient[column], slope, rtol=2e-3, atol=1e-2 * abs(slope) + 1e-3), column


def test_a_head_that_is_somewhere_else_is_found_again():
    """Where priors say little, vertices come to where they are pulled, whoever it is."""
    target = somebody(2, turn_rad=0.1)
    start = replace(HEAD.neutral(), root_translation_m=target.root_translation_m + [0.004, -0.003, 0.002])
    priors = HeadPriors(identity=5.0, identity_change=5.0, expression=1.0)
    problem = SurfaceProblem(HEAD, start, (pulls_to(target, planes=False),), priors)
    solution = LevenbergMarquardt(max_iterations=30).solve(problem, np.zeros(problem.size))
    found_m = HEAD.vertices_m(problem.parameters(solution.x))
    before_m = np.linalg.norm(HEAD.vertices_m(start) - HEAD.vertices_m(target), axis=1).mean()
    after_m = np.linalg.norm(found_m - HEAD.vertices_m(target), axis=1).mean()
    assert before_m > 0.008
    assert after_m < 0.0005


def test_strong_beliefs_keep_the_person():
    start, target = somebody(3), somebody(4)
    priors = HeadPriors(identity_change=1e-4, expression=1e-4)
    problem = SurfaceProblem(HEAD, start, (pulls_to(target, planes=False),), priors)
    solution = LevenbergMarquardt(max_iterations=30).solve(problem, np.zeros(problem.size))
    found = problem.parameters(solution.x)
    assert np.abs(found.identity - start.identity).max() < 0.01
    assert np.abs(found.expression - start.expression).max() < 0.01
    assert np.linalg.norm(found.root_translation_m - start.root_translation_m) > 0.02  # it came all the same
