"""Whole sequences: recovery, stillness, lost frames, failure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.errors import FitError, InputError, ShapeError
from mien.fitting.config import FitConfig
from mien.fitting.context import Context
from mien.fitting.scene.fit_model import FitModel
from mien.fitting.scene.head_state import HeadScene, HeadState
from mien.fitting.scene.unknowns import Unknowns
from mien.fitting.sequence import fit_sequence
from mien.fitting.terms.landmarks import LandmarkTerm
from mien.fitting.terms.rig_landmarks import RigLandmarksTerm
from mien.heads.parameters import HeadParameters
from mien.least_squares.levenberg_marquardt import LevenbergMarquardt
from mien.least_squares.normal_equations import NormalEquations
from mien.least_squares.solution import Solution, Status
from mien.progress import Progress
from tests.fitting.scenes import exact_landmarks, some_parameters
from tests.fitting.test_views import rig, shape_error_mm

WEIGHTS = FitConfig(sigma_floor=1e-3, robust_kernel="none")


def recorded(head, *, frames=5, cameras=2, noise_px=0.0, seed=0, moving=True):
    """Truths and landmarks [frame][camera] of one person in the rig's world."""
    rng = np.random.default_rng(seed)
    person = replace(
        some_parameters(head, seed=seed),
        root_rotation=np.array([np.pi / 2, 0.0, 0.0]),
        root_translation_m=np.array([0.01, 0.02, 0.0]),
    )
    rigged, truths, landmarks = rig(cameras), [], []
    for frame in range(frames):
        truth = person
        if moving:
            truth = replace(
                person,
                root_translation_m=person.root_translation_m + 0.003 * frame,
                expression=np.roll(person.expression, frame) * 0.8,
            )
        truths.append(truth)
        faces = [exact_landmarks(head, truth, camera, sigma_px=max(noise_px, 0.3)) for camera in rigged]
        landmarks.append([
            replace(face, points_px=face.points_px + noise_px * rng.normal(size=face.points_px.shape))
            for face in faces
        ])  # fmt: skip
    return truths, landmarks, rigged


@pytest.mark.parametrize("kernel", ["none", "huber"])
def test_rig_term_is_the_sum_of_its_cameras(head, kernel):
    weights = replace(WEIGHTS, robust_kernel=kernel)
    truths, landmarks, cameras = recorded(head, frames=1, cameras=3, noise_px=2.0)
    unknowns = Unknowns(identity_count=12, expression_count=8, joints=(2, 3))
    base = replace(truths[0], root_translation_m=truths[0].root_translation_m + 0.01)
    rig_term = RigLandmarksTerm.of(landmarks[0], cameras, weights)
    assert rig_term is not None
    together, one_by_one = (NormalEquations.zeros(unknowns.size) for _ in range(2))
    for camera, face in zip(cameras, landmarks[0], strict=True):
        scene = HeadScene(FitModel.of(head, "toy"), unknowns, base, camera)
        state = HeadState(scene, unknowns.pack(base, focal_px=camera.focal_px))
        LandmarkTerm.of(face, weights).add_to(one_by_one, state)
    rig_term.add_to(together, state)
    assert together.cost == pytest.approx(one_by_one.cost)
    assert rig_term.cost(state) == pytest.approx(together.cost)
    top = np.abs(one_by_one.hessian).max()
    np.testing.assert_allclose(together.gradient, one_by_one.gradient, rtol=1e-5, atol=1e-7 * top)
    np.testing.assert_allclose(together.hessian, one_by_one.hessian, rtol=1e-5, atol=1e-7 * top)


def test_sequence_is_recovered(head):
    truths, landmarks, cameras = recorded(head)
    fit = fit_sequence(landmarks, cameras, context=Context(head=head, config=WEIGHTS))
    assert fit.status.usable
    assert shape_error_mm(head, fit.frames[0], truths[0]) < 0.7
    for found, truth in zip(fit.frames, truths, strict=True):
        error_m = head.vertices_m(found) - head.vertices_m(truth)
        assert np.sqrt((error_m**2).sum(axis=1).mean()) < 0.001
        np.testing.assert_array_equal(found.identity, fit.identity)
    assert list(fit.cost_history) == sorted(fit.cost_history, reverse=True)


def test_still_vertices_quieten_a_still_face(head):
    _, landmarks, cameras = recorded(head, frames=8, noise_px=2.0, moving=False)
    jitters = []
    for deviation_m in (0.0, 0.0005):
        weights = replace(WEIGHTS, still_vertices_std_m=deviation_m)
        fit = fit_sequence(landmarks, cameras, context=Context(head=head, config=weights))
        places_m = np.stack([head.vertices_m(frame) for frame in fit.frames])
        jitters.append(float(np.sqrt((np.diff(places_m, axis=0) ** 2).sum(axis=2).mean())))
    assert jitters[1] < 0.5 * jitters[0]


def test_lost_frames_do_not_stop_the_others(head):
    truths, landmarks, cameras = recorded(head)
    landmarks[0][1] = None
    landmarks[2] = [None, None]
    fit = fit_sequence(
        landmarks, cameras, context=Context(head=head, config=replace(WEIGHTS, still_vertices_std_m=0.01))
    )
    assert fit.seen.tolist() == [True, True, False, True, True]
    for frame in (1, 3, 4):
        error_m = head.vertices_m(fit.frames[frame]) - head.vertices_m(truths[frame])
        assert np.sqrt((error_m**2).sum(axis=1).mean()) < 0.002
    between: HeadParameters = fit.frames[2]
    middle_m = (fit.frames[1].root_translation_m + fit.frames[3].root_translation_m) / 2
    np.testing.assert_allclose(between.root_translation_m, middle_m, atol=0.003)


def test_progress_is_told_in_two_parts(head):
    _, landmarks, cameras = recorded(head, frames=6)
    told: list[Progress] = []
    fit = fit_sequence(landmarks, cameras, context=Context(head=head, config=WEIGHTS), report=told.append)
    labels = [progress.label for progress in told]
    assert list(dict.fromkeys(labels)) == ["frames one by one", "all frames together"]
    assert labels.count("all frames together") == fit.iterations
    followed = [progress for progress in told if progress.label == "frames one by one"]
    assert [progress.done for progress in followed] == [0, 1, 2, 3, 4, 5]
    assert {progress.total for progress in followed} == {5}


def test_a_failed_solve_is_a_status_or_an_error(head):
    class Failing(LevenbergMarquardt):
        def solve(self, problem, x, **_):
            return Solution(x, Status.NOT_FINITE, 0, (np.nan,))

    _, landmarks, cameras = recorded(head, frames=2)
    context = Context(head=head, config=WEIGHTS)
    fit = fit_sequence(landmarks, cameras, context=context, solver=Failing())
    assert fit.status is Status.NOT_FINITE
    assert len(fit.frames) == 2
    assert np.isfinite(fit.frames[0].identity).all()
    with pytest.raises(FitError, match="check that all landmarks are finite"):
        fit_sequence(landmarks, cameras, context=context, solver=Failing(), throw=True)


def test_a_frame_without_a_known_point_is_one_without_a_face(head):
    _, landmarks, cameras = recorded(head, frames=3)
    unknown = [replace(face, points_px=np.full_like(face.points_px, np.nan)) for face in landmarks[1]]
    fit = fit_sequence(
        [landmarks[0], unknown, landmarks[2]], cameras, context=Context(head=head, config=WEIGHTS)
    )
    assert fit.status.usable
    assert fit.seen.tolist() == [True, False, True]


def test_wrong_input(head):
    _, landmarks, cameras = recorded(head, frames=1)
    with pytest.raises(InputError, match="no frames"):
        fit_sequence([], cameras, context=Context(head=head))
    with pytest.raises(ShapeError):
        fit_sequence(landmarks, cameras[:1], context=Context(head=head))
    with pytest.raises(FitError, match="no camera"):
        fit_sequence([[None, None]], cameras, context=Context(head=head))
