"""Frames of a person who is known: quick, and as good as a fit that goes on until nothing changes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from mien.cameras import Camera
from mien.fitting.config import FitConfig
from mien.fitting.scene.fit_model import FitModel
from mien.heads.library import load_head
from mien.heads.parameters import HeadParameters
from mien.least_squares.levenberg_marquardt import LevenbergMarquardt
from mien.least_squares.problem import Problem
from mien.least_squares.solution import Solution, Status
from mien.tracking import frame_fitter as frame
from mien.tracking.frame_fitter import FrameFitter
from tests.fitting.scenes import CAMERA_FROM_WORLD, exact_landmarks, some_parameters

CAMERA = Camera.from_focal(800.0, width_px=640, height_px=480, camera_from_world=CAMERA_FROM_WORLD)
CONVERGED = LevenbergMarquardt(max_iterations=100, relative_tolerance=1e-10)


@dataclass
class Compared:
    """A solver that also solves each problem to the end, and notes by how much it missed that cost."""

    solver: LevenbergMarquardt
    excess: list[float] = field(default_factory=list)
    full_linearisations: list[int] = field(default_factory=list)

    def solve(self, problem: Problem, x: np.ndarray, *, near=None, throw: bool = False) -> Solution:
        counting = Counting(problem)
        solution = self.solver.solve(counting, x, near=near)
        best = CONVERGED.solve(problem, x)
        self.excess.append(solution.cost / best.cost - 1)
        self.full_linearisations.append(counting.full)
        return solution


class Counting:
    """A problem that counts how often its Jacobian is asked for."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.full, self.size = problem, 0, problem.size
        self.cost = problem.cost

    def linearize(self, x: np.ndarray, *, near=None):
        self.full += near is None
        return self.problem.linearize(x, near=near)


def talking(head, *, seed: int, count: int = 16) -> list[HeadParameters]:
    """A head that turns by up to 2° and 4 mm a frame, talks and blinks."""
    person = some_parameters(head, seed=seed, turn=0.2)
    person = replace(person, expression=0.3 * person.expression)
    names = head.expression_names
    frames = []
    for index in range(count):
        expression = person.expression.copy()
        expression[names.index("jawOpen")] = 0.25 * (1 + np.sin(0.9 * index))
        for side in ("Left", "Right"):
            expression[names.index(f"eyeBlink{side}")] = {8: 0.5, 9: 1.0, 10: 0.6, 11: 0.2}.get(index, 0.0)
        turn = 0.3 * np.sin(0.12 * index + seed) * np.array([0.2, 1.0, 0.1])
        shift_m = 0.03 * np.sin(0.13 * index) * np.array([1.0, 0.3, 1.0])
        frames.append(
            replace(
                person,
                expression=expression,
                root_rotation=person.root_rotation + turn,
                root_translation_m=person.root_translation_m + shift_m,
            )
        )
    return frames


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_cost_is_that_of_a_converged_fit(monkeypatch, seed):
    head = load_head()
    truths = talking(head, seed=seed)
    compared = Compared(frame.TRACK_SOLVER)
    monkeypatch.setattr(frame, "TRACK_SOLVER", compared)
    model = FitModel.of(head, "dense320")
    fitter = FrameFitter(model, camera=CAMERA, identity=truths[0].identity, config=FitConfig())
    rng = np.random.default_rng(seed)
    parameters = truths[0]
    for truth in truths[1:]:
        landmarks = exact_landmarks(head, truth, CAMERA, set_name="dense320", sigma_px=2.0)
        noise_px = 0.7 * rng.normal(size=landmarks.points_px.shape)
        parameters, status = fitter(replace(landmarks, points_px=landmarks.points_px + noise_px), parameters)
        assert status is Status.CONVERGED
        turned = np.abs(parameters.root_rotation - truth.root_rotation).max()
        assert turned < 0.02
    assert max(compared.excess) < compared.solver.relative_tolerance
    assert np.mean(compared.full_linearisations) < 2


def test_a_known_person_may_change_on_the_way(head, camera):
    truth = some_parameters(head, seed=3)
    landmarks = exact_landmarks(head, truth, camera, set_name="toy60")
    fitter = FrameFitter(
        FitModel.of(head, "toy60"), camera=camera, identity=0 * truth.identity, config=FitConfig()
    )
    first, _ = fitter(landmarks, None)
    fitter.identity = truth.identity
    second, status = fitter(landmarks, first)
    assert status.usable
    np.testing.assert_array_equal(second.identity, truth.identity)
    shown_px = camera.project(head.vertices_m(second)[head.landmark_set("toy60").vertices])
    assert np.abs(shown_px - landmarks.points_px).mean() < 1.0


def test_landmarks_of_no_head_are_lost(head, camera):
    truth = some_parameters(head, seed=3)
    landmarks = exact_landmarks(head, truth, camera, set_name="toy60")
    fitter = FrameFitter(
        FitModel.of(head, "toy60"), camera=camera, identity=truth.identity, config=FitConfig()
    )
    mixed = np.random.default_rng(0).permutation(landmarks.points_px)
    _, status = fitter(replace(landmarks, points_px=mixed), truth)
    assert status is Status.LOST
