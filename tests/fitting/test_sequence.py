"""Whole sequences: exact derivatives, recovery, stillness, lost frames."""

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
from mien.fitting.sequence import _Sequence, fit_sequence
from mien.fitting.terms.landmarks import LandmarkTerm
from mien.fitting.terms.rig_landmarks import RigLandmarksTerm
from mien.heads.parameters import HeadParameters
from mien.least_squares.chain_equations import ChainEquations
from mien.least_squares.normal_equations import NormalEquations
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


def test_chain_gradient_and_step(head):
    truths, landmarks, cameras = recorded(head, frames=3, noise_px=1.0)
    sequence = _Sequence(head, landmarks, cameras, replace(WEIGHTS, still_vertices_std_m=0.004))
    starts = [replace(t, root_translation_m=t.root_translation_m + 0.002 * k) for k, t in enumerate(truths)]
    sequence.problems = [sequence._problem(k, s, sequence.unknowns) for k, s in enumerate(starts)]
    n = sequence.unknowns.frame_size
    own = np.stack([problem.start()[:n] for problem in sequence.problems])
    shared = truths[0].identity + 0.1
    chain = sequence._linearized(own, shared)
    assert chain.cost == pytest.approx(sequence._cost(own, shared))
    x = np.concatenate([own.reshape(-1), shared])

    def cost(x):
        return sequence._cost(x[: own.size].reshape(own.shape), x[own.size :])

    gradient = np.concatenate([chain.gradient.reshape(-1), chain.shared_gradient])
    for index in np.random.default_rng(0).choice(len(x), 25, replace=False):
        shift = np.zeros_like(x)
        shift[index] = 1e-6
        slope = (cost(x + shift) - cost(x - shift)) / 2e-6
        assert gradient[index] == pytest.approx(slope, rel=1e-4, abs=1e-6 * np.abs(gradient).max())


def test_chain_step_solves_the_dense_system():
    rng = np.random.default_rng(0)
    frames, n, m = 4, 3, 2
    rows = [rng.normal(size=(6, frames * n + m)) for _ in range(frames)]
    for frame, block in enumerate(rows):  # each touches two neighbours and the shared unknowns
        untouched = [c for c in range(frames * n) if c // n not in (frame, frame + 1)]
        block[:, untouched] = 0
    jacobian = np.concatenate(rows)
    hessian, gradient = jacobian.T @ jacobian, rng.normal(size=frames * n + m)
    chain = ChainEquations.zeros(frames, n, m)
    for f in range(frames):
        here = slice(f * n, f * n + n)
        chain.diagonal[f], chain.border[f] = hessian[here, here], hessian[here, -m:]
        if f + 1 < frames:
            chain.lower[f] = hessian[f * n + n : f * n + 2 * n, here]
    chain.shared[:], chain.gradient[:] = hessian[-m:, -m:], gradient[:-m].reshape(frames, n)
    chain.shared_gradient[:] = gradient[-m:]
    found = chain.step(0.1)
    assert found is not None
    expected = -np.linalg.solve(hessian + 0.1 * np.diag(np.diag(hessian)), gradient)
    np.testing.assert_allclose(np.concatenate([found[0].reshape(-1), found[1]]), expected, rtol=1e-8)
    model_gain = -(gradient @ expected + 0.5 * expected @ hessian @ expected)
    assert found[2] == pytest.approx(model_gain)


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


def test_wrong_input(head):
    _, landmarks, cameras = recorded(head, frames=1)
    with pytest.raises(InputError, match="no frames"):
        fit_sequence([], cameras, context=Context(head=head))
    with pytest.raises(ShapeError):
        fit_sequence(landmarks, cameras[:1], context=Context(head=head))
    with pytest.raises(FitError, match="no camera"):
        fit_sequence([[None, None]], cameras, context=Context(head=head))
