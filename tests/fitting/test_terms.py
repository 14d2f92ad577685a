"""Every term's derivatives against central finite differences, in float64."""

from __future__ import annotations

import numpy as np
import pytest

from mien.fitting.config import FitConfig
from mien.fitting.scene.fit_model import FitModel
from mien.fitting.scene.head_problem import HeadProblem, Term
from mien.fitting.scene.head_state import HeadScene, HeadState
from mien.fitting.scene.shared_problem import Sharing
from mien.fitting.scene.unknowns import Unknowns
from mien.fitting.terms.distance_prior import DistanceTerm
from mien.fitting.terms.expression_prior import ExpressionTerm
from mien.fitting.terms.focal_prior import FocalTerm
from mien.fitting.terms.identity_prior import MixtureIdentityTerm, NormalIdentityTerm
from mien.fitting.terms.joints_prior import EyesAlikeTerm, JointsTerm, LidsFollowTerm
from mien.fitting.terms.landmarks import LandmarkTerm
from mien.fitting.terms.openings import OpeningTerm
from mien.fitting.terms.temporal import NearPreviousTerm, StillPointsTerm, StillVerticesTerm
from mien.heads.model import Head
from mien.least_squares.normal_equations import NormalEquations
from tests.fitting.scenes import exact_landmarks, some_parameters
from tests.toy_head import toy_head, toy_head_with_own_blinks

WEIGHTS = FitConfig()


@pytest.fixture(params=[toy_head, toy_head_with_own_blinks])
def head(request) -> Head:
    """Also one on which identity and expression do not simply add up."""
    return request.param()


def make_scene(head, camera, *, seed=1, joints=(0, 1, 2, 3), focal=True, everything=True, dolly=False):
    model = FitModel.of(head, "toy")
    unknowns = Unknowns(
        identity_count=head.identity_count if everything else 0,
        expression_count=head.expression_count if everything else 0,
        joints=joints,
        focal=focal,
        dolly=dolly and focal,
    )
    return HeadScene(model, unknowns, some_parameters(head, seed=seed), camera)


def some_x(scene, *, seed=3):
    rng = np.random.default_rng(seed)
    x = scene.unknowns.pack(some_parameters(scene.model.head, seed=seed), focal_px=700.0)
    # Off the kinks of the bounds, with some weights outside.
    x[scene.unknowns.expression] += 0.1 * rng.normal(size=scene.unknowns.expression_count)
    for joint in scene.unknowns.joints:
        x[scene.unknowns.joint(joint)] = 0.3 * rng.normal(size=3)
    return x


def numeric(function, x, *, step=1e-6):
    columns = []
    for index in range(len(x)):
        shift = np.zeros_like(x)
        shift[index] = step
        columns.append((function(x + shift) - function(x - shift)) / (2 * step))
    return np.array(columns)


def make_terms(scene):
    head, unknowns = scene.model.head, scene.unknowns
    landmarks = exact_landmarks(head, some_parameters(head, seed=8), scene.camera)
    rng = np.random.default_rng(0)
    spread = rng.normal(size=(2, 12, 12)) * 0.2
    precisions = np.linalg.inv(np.eye(12) + spread @ spread.transpose(0, 2, 1))
    mixture = MixtureIdentityTerm(np.array([0.0, -0.3]), rng.normal(size=(2, 12)) * 0.2, precisions)
    previous = some_parameters(head, seed=9)
    base = LandmarkTerm.of(landmarks, WEIGHTS)
    pairs, ends = np.array([[0, 5], [7, 2]]), np.array([0.5, 2.0])
    return {
        "landmarks": LandmarkTerm(base.target_px, base.precision),
        "landmarks huber": LandmarkTerm(base.target_px, base.precision, "huber", 3.0),
        "landmarks geman": LandmarkTerm(base.target_px, base.precision, "geman_mcclure", 30.0),
        "openings": OpeningTerm(pairs, base.target_px[:, pairs[:, 0]] - base.target_px[:, pairs[:, 1]], ends),
        "identity": NormalIdentityTerm(0.8),
        "mixture": mixture,
        "expression": ExpressionTerm(np.linspace(0.2, 0.6, head.expression_count), 0.03),
        "mouth shut": ExpressionTerm(np.full(head.expression_count, 9.0), 0.03, (5, 4)),
        "joints": JointsTerm(WEIGHTS, shapes_turn_eyes=head.shapes_turn_eyes),
        "eyes alike": EyesAlikeTerm.of(unknowns, head, WEIGHTS),
        "lids": LidsFollowTerm.of(unknowns, head, WEIGHTS),
        "focal": FocalTerm(900.0, 0.3),
        "focal wall": FocalTerm(900.0, 0.3, shortest_px=2000.0),
        "distance": DistanceTerm(0.9, 0.35),
        "near previous": NearPreviousTerm.of(unknowns, previous, focal_px=650.0, config=WEIGHTS),
        "still points": StillPointsTerm(base.target_px + 1, base.precision),
        "still vertices": StillVerticesTerm(head.vertices_m(previous).T, 0.003),
    }


TERM_NAMES = [
    "landmarks", "landmarks huber", "landmarks geman", "openings", "identity", "mixture", "expression",
    "mouth shut", "joints", "eyes alike", "lids", "focal", "focal wall", "distance",
    "near previous", "still points", "still vertices",
]  # fmt: skip


@pytest.mark.parametrize("dolly", [True, False])
def test_points_agree_with_head_and_camera(head, camera, dolly):
    scene = make_scene(head, camera, dolly=dolly)
    state = HeadState(scene, some_x(scene))
    expected = camera.with_focal(state.focal_px).project(head.vertices_m(state.parameters))
    np.testing.assert_allclose(state.points_px.T, expected, atol=1e-9)


@pytest.mark.parametrize("dolly", [False, True])
def test_another_pose_of_the_same_head_is_not_posed_anew(head, camera, dolly):
    scene = make_scene(head, camera, dolly=dolly)
    before, x = HeadState(scene, some_x(scene)), some_x(scene)
    x[:6] += 0.02
    x[scene.unknowns.log_focal] += 0.1
    moved, anew = HeadState(scene, x, posed=before), HeadState(scene, x)
    np.testing.assert_array_equal(moved.points_px, anew.points_px)
    np.testing.assert_array_equal(moved.points_jacobian_t, anew.points_jacobian_t)
    assert np.abs(moved.points_px - before.points_px).max() > 1


@pytest.mark.parametrize("joints", [(), (2, 3), (1,), (0, 1, 2, 3)])
@pytest.mark.parametrize("everything", [True, False])
@pytest.mark.parametrize("dolly", [True, False])
def test_pixel_jacobian(head, camera, joints, everything, dolly):
    scene = make_scene(head, camera, joints=joints, everything=everything, focal=everything, dolly=dolly)
    x = some_x(scene)
    expected = numeric(lambda x: HeadState(scene, x).points_px, x)
    actual = HeadState(scene, x).points_jacobian_t
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


def test_pixel_jacobian_at_rest(head, camera):
    scene = make_scene(head, camera)
    x = scene.unknowns.pack(head.neutral(), focal_px=800.0)
    x[5] = -0.5
    expected = numeric(lambda x: HeadState(scene, x).points_px, x)
    actual = HeadState(scene, x).points_jacobian_t
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dolly", [True, False])
def test_vertices_and_their_jacobian(head, camera, dolly):
    scene = make_scene(head, camera, dolly=dolly)
    x = some_x(scene)
    state = HeadState(scene, x)
    np.testing.assert_allclose(state.vertices_m.T, head.vertices_m(state.parameters), atol=1e-12)
    expected = numeric(lambda x: HeadState(scene, x).vertices_m, x)
    np.testing.assert_allclose(state.vertices_jacobian_t(), expected, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("joints", [(), (2, 3), (1,), (0, 1, 2, 3)])
@pytest.mark.parametrize("everything", [True, False])
@pytest.mark.parametrize("dolly", [True, False])
def test_gradient_without_the_jacobian(head, camera, joints, everything, dolly):
    scene = make_scene(head, camera, joints=joints, everything=everything, focal=everything, dolly=dolly)
    state = HeadState(scene, some_x(scene))
    by_point = np.random.default_rng(0).normal(size=state.points_px.shape)
    expected = (state.points_jacobian_t * by_point).sum(axis=(1, 2))
    np.testing.assert_allclose(state.gradient(by_point), expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(state.pose_jacobian_t(), state.points_jacobian_t[:6], rtol=1e-9, atol=1e-9)


def test_near_a_known_point_only_the_dense_part_is_kept(head, camera):
    scene = make_scene(head, camera)
    terms = make_terms(scene)
    names = ["landmarks huber", "openings", "mixture", "expression", "lids", "near previous", "still points"]
    problem = HeadProblem(scene, tuple(terms[name] for name in names))
    x = some_x(scene)
    there, here = problem.linearize(x + 0.01), problem.linearize(x)
    near = problem.linearize(x, near=there)
    np.testing.assert_allclose(near.gradient, here.gradient, rtol=1e-9)
    assert near.cost == pytest.approx(here.cost)
    np.testing.assert_allclose(near.hessian, there.dense + here.sparse)
    with pytest.raises(ValueError, match="read-only"):
        here.hessian[0, 0] = 1


@pytest.mark.parametrize("name", TERM_NAMES)
def test_gradient_of_each_term(head, camera, name):
    scene = make_scene(head, camera)
    term = make_terms(scene)[name]
    x = some_x(scene)
    normal = NormalEquations.zeros(len(x))
    term.add_to(normal, HeadState(scene, x))
    expected = numeric(lambda x: np.array(term.cost(HeadState(scene, x))), x)
    scale = np.abs(expected).max()
    assert scale > 0
    np.testing.assert_allclose(normal.gradient, expected, rtol=1e-4, atol=1e-6 * scale)
    assert normal.cost == pytest.approx(term.cost(HeadState(scene, x)))


@pytest.mark.parametrize("name", TERM_NAMES)
def test_hessian_of_each_term_is_symmetric_and_not_negative(head, camera, name):
    scene = make_scene(head, camera)
    normal = NormalEquations.zeros(scene.unknowns.size)
    make_terms(scene)[name].add_to(normal, HeadState(scene, some_x(scene)))
    np.testing.assert_allclose(normal.hessian, normal.hessian.T, rtol=1e-9, atol=1e-9)
    values = np.linalg.eigvalsh(normal.hessian)
    assert values[-1] > 0
    assert values[0] > -1e-6 * values[-1]  # the dense part is known in single precision


@pytest.mark.parametrize("name", ["landmarks", "expression", "eyes alike", "lids"])
def test_hessian_is_gauss_newton(head, camera, name):
    """Where residuals are linear or zero, the Gauss–Newton Hessian is the derivative of the gradient."""
    scene = make_scene(head, camera)
    terms = make_terms(scene)
    x = some_x(scene)
    term: Term = terms[name]
    if name == "landmarks":
        term = LandmarkTerm(HeadState(scene, x).points_px, terms[name].precision)
    if isinstance(term, LidsFollowTerm):
        # Residuals zero at x.
        residuals, _ = term._residuals(HeadState(scene, x))
        x[term.expression_columns] -= residuals * term.deviation

    def gradient(x):
        normal = NormalEquations.zeros(len(x))
        term.add_to(normal, HeadState(scene, x))
        return normal.gradient

    normal = NormalEquations.zeros(len(x))
    term.add_to(normal, HeadState(scene, x))
    expected = numeric(gradient, x)
    np.testing.assert_allclose(normal.hessian, expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max())


def test_shared_problem_gradient(head, camera):
    parts = []
    for seed in (1, 2, 3):
        scene = make_scene(head, camera, seed=seed, joints=(2, 3))
        landmarks = exact_landmarks(head, some_parameters(head, seed=seed + 10), camera)
        expression = ExpressionTerm(np.full(head.expression_count, 0.4), 0.03)
        terms = (LandmarkTerm.of(landmarks, WEIGHTS), expression)
        parts.append(HeadProblem(scene, (*terms, NormalIdentityTerm(1.0)) if seed == 1 else terms))
    problem = Sharing(focal=True).problem(parts)
    x = problem.start()
    expected = numeric(lambda x: np.array(problem.cost(x)), x)
    np.testing.assert_allclose(
        problem.linearize(x).gradient, expected, rtol=1e-4, atol=1e-6 * np.abs(expected).max()
    )
    assert problem.size == 3 * parts[0].scene.unknowns.frame_size + 1 + head.identity_count


def test_unknowns_round_trip(head):
    unknowns = Unknowns(identity_count=12, expression_count=8, joints=(1, 3), focal=True)
    parameters = some_parameters(head, seed=4)
    x = unknowns.pack(parameters, focal_px=512.0)
    back = unknowns.unpack(x, head.neutral())
    np.testing.assert_array_equal(back.identity, parameters.identity)
    np.testing.assert_array_equal(back.expression, parameters.expression)
    np.testing.assert_array_equal(back.joint_rotations[[1, 3]], parameters.joint_rotations[[1, 3]])
    np.testing.assert_array_equal(back.joint_rotations[2], 0)
    assert unknowns.unpack_focal_px(x, focal_px=1.0) == pytest.approx(512.0)
