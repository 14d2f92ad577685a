"""Lids, eyeballs, lips and teeth of the built-in head: derivatives, and what the terms keep apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.cameras import Camera
from mien.fitting.config import FitConfig
from mien.fitting.context import Context
from mien.fitting.photo import fit_landmarks
from mien.fitting.scene.fit_model import FitModel
from mien.fitting.scene.head_problem import HeadProblem
from mien.fitting.scene.head_state import HeadScene, HeadState
from mien.fitting.scene.unknowns import Unknowns
from mien.fitting.terms.lid_gap import LidGapTerm
from mien.fitting.terms.priors import prior_terms
from mien.fitting.terms.skin_eyeball_intersection import SkinEyeballTerm
from mien.fitting.terms.skin_teeth_intersection import SkinTeethTerm
from mien.heads.intersection import skin_intersections
from mien.heads.library import load_head
from mien.heads.model import Head
from mien.least_squares.levenberg_marquardt import LevenbergMarquardt
from mien.least_squares.normal_equations import NormalEquations
from tests.fitting.scenes import CAMERA_FROM_WORLD, exact_landmarks
from tests.toy_head import toy_head

TERMS = {"eyeballs": SkinEyeballTerm, "teeth": SkinTeethTerm, "lids": LidGapTerm}
CAMERA = Camera.from_focal(900.0, width_px=640, height_px=480, camera_from_world=CAMERA_FROM_WORLD)


def make_scene(*, identity: bool = True, head: Head | None = None) -> HeadScene:
    head = head or load_head()
    base = replace(head.neutral(), root_translation_m=np.array([0.0, 0.0, -0.6]))
    unknowns = Unknowns(
        identity_count=head.identity_count if identity else 0, expression_count=head.expression_count
    )
    return HeadScene(FitModel.of(head, "ibug68"), unknowns, base, CAMERA)


def colliding_x(scene: HeadScene) -> np.ndarray:
    """Rolled lips, an eye half shut, whose lid cuts into it, one shut too far, an unusual person."""
    rng = np.random.default_rng(0)
    head = scene.model.head
    x = scene.unknowns.pack(scene.base, focal_px=900.0)
    expression = np.zeros(head.expression_count)
    for name, weight in {
        "eyeBlinkLeft": 0.6, "eyeBlinkRight": 1.5, "mouthRollUpper": 1.0, "mouthRollLower": 1.0,
        "jawOpen": 0.1,
    }.items():  # fmt: skip
        expression[head.expression_names.index(name)] = weight
    x[scene.unknowns.expression] = expression + 0.02 * rng.normal(size=len(expression))
    x[scene.unknowns.identity] = 0.7 * rng.normal(size=scene.unknowns.identity_count)
    return x


@pytest.mark.parametrize("identity", [True, False])
@pytest.mark.parametrize("kind", TERMS)
def test_gradient_and_hessian(kind: str, identity: bool):
    scene = make_scene(identity=identity)
    term = TERMS[kind].of(scene.model.head, deviation_m=0.0005)
    x = colliding_x(scene)
    normal = NormalEquations.zeros(len(x))
    term.add_to(normal, HeadState(scene, x))
    assert normal.cost == pytest.approx(term.cost(HeadState(scene, x)))
    assert normal.cost > 0.001
    checked = np.random.default_rng(1).choice(len(x), 40, replace=False)
    for index in checked:
        shift = np.zeros_like(x)
        shift[index] = 1e-6
        slope = (term.cost(HeadState(scene, x + shift)) - term.cost(HeadState(scene, x - shift))) / 2e-6
        assert normal.gradient[index] == pytest.approx(
            slope, rel=1e-4, abs=1e-5 * np.abs(normal.gradient).max()
        )
    assert np.linalg.eigvalsh(normal.hessian)[0] > -1e-6 * np.abs(normal.hessian).max()


@pytest.mark.parametrize("kind", TERMS)
def test_the_mean_head_at_rest_costs_nothing(kind: str):
    scene = make_scene()
    term = TERMS[kind].of(scene.model.head, deviation_m=0.0005)
    x = scene.unknowns.pack(scene.base, focal_px=900.0)
    assert term.cost(HeadState(scene, x)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("kind", TERMS)
def test_descending_a_term_alone_resolves_the_collision(kind: str):
    scene = make_scene()
    term = TERMS[kind].of(scene.model.head, deviation_m=0.0005)
    problem = HeadProblem(scene, (term,))
    x = colliding_x(scene)
    found = LevenbergMarquardt(max_iterations=40).solve(problem, x)
    assert found.cost < 1e-2 * problem.cost(x)


def test_switches_and_heads_without_the_parts():
    head, toy = load_head(), toy_head()
    unknowns = Unknowns(expression_count=head.expression_count)
    on = FitConfig(skin_eyeball_std_m=1e-3, skin_teeth_std_m=1e-3, lid_gap_std_m=1e-3)
    names = {term.name for term in prior_terms(head, unknowns, on)}
    off = {term.name for term in prior_terms(head, unknowns, FitConfig())}
    assert names - off == {"skin outside eyeballs", "skin outside teeth", "eyelid gap"}
    assert SkinTeethTerm.of(toy, deviation_m=1e-3) is None
    assert LidGapTerm.of(toy, deviation_m=1e-3) is None
    assert SkinEyeballTerm.of(toy, deviation_m=1e-3) is not None


def head_with_bad_blinks() -> Head:
    """Lids that shut 3 mm too far back, alike for everybody."""
    head = load_head()
    shapes_m = head.expression_basis_m.copy()
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        shape_m = shapes_m[head.expression_names.index(name)]
        moved_m = np.abs(shape_m[:, 1])
        shape_m[:, 2] -= 0.003 * moved_m / moved_m.max()
    return replace(head, expression_basis_m=shapes_m, personal_shapes=())


def test_a_fit_to_colliding_landmarks_keeps_lids_out_of_the_eyes():
    """Shapes that take lids into the eyes: with the term the fit stays out of them."""
    head = head_with_bad_blinks()
    term = SkinEyeballTerm.of(head, deviation_m=1.0)
    assert term is not None
    truth = replace(head.neutral(), root_translation_m=np.array([0.0, 0.0, -0.6]))
    blink = np.array([name.startswith("eyeBlink") for name in head.expression_names])
    shut = replace(truth, expression=np.where(blink, 1.0, 0.0))
    landmarks = exact_landmarks(head, shut, CAMERA, set_name="dense320", sigma_px=0.2)
    depths = []
    for deviation_m in (0.0, 1e-4):
        weights = FitConfig(skin_eyeball_std_m=deviation_m, sigma_floor=0.002, expression_bounds_std=0.3)
        fit = fit_landmarks(landmarks, CAMERA, context=Context(head=head, config=weights))
        scene = make_scene(head=head)
        state = HeadState(scene, scene.unknowns.pack(fit.parameters, focal_px=900.0))
        depths.append(1000 * term.depths_m(state).max())
    assert depths[0] > 1.0
    assert depths[1] < 0.4 * depths[0]  # sharp landmarks pull against the term


def test_teeth_are_those_of_the_person_not_of_the_mean_head():
    """A jaw far from the mean's: depths are those in the hull of this person's own teeth."""
    head, scene = load_head(), make_scene()
    term = SkinTeethTerm.of(head, deviation_m=1.0)
    assert term is not None
    rng = np.random.default_rng(5)
    for _ in range(5):
        x = colliding_x(scene)
        x[scene.unknowns.identity] = 2 * rng.normal(size=scene.unknowns.identity_count)
        state = HeadState(scene, x)
        measured = skin_intersections(head, state.parameters).teeth_mm
        assert 1000 * term.depths_m(state).max() == pytest.approx(measured, abs=0.02)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fits_to_noisy_landmarks_keep_skin_out(seed: int):
    """Lids and lips of a random person cut into eyes and teeth by millimetres; with the terms not."""
    head = load_head()
    rng = np.random.default_rng(seed)
    expression = np.zeros(head.expression_count)
    for stem in ("eyeBlink", "eyeSquint", "mouthRollUpper", "mouthRollLower"):
        found = [i for i, name in enumerate(head.expression_names) if name.startswith(stem)]
        expression[found] = rng.uniform(0.3, 1.0)
    gaze = np.array([rng.uniform(-0.3, 0.4), rng.uniform(-0.4, 0.4), 0.0])
    truth = replace(
        head.neutral(),
        identity=rng.normal(size=head.identity_count),
        expression=expression,
        joint_rotations=np.stack([np.zeros(3), np.zeros(3), gaze, gaze]),
        root_rotation=rng.uniform(-0.3, 0.3, size=3),
        root_translation_m=np.array([0.0, 0.0, -0.5]),
    )
    landmarks = exact_landmarks(head, truth, CAMERA, set_name="dense320")
    noisy = replace(landmarks, points_px=landmarks.points_px + rng.normal(size=landmarks.points_px.shape))
    free = fit_landmarks(noisy, CAMERA, context=Context(head=head))
    weights = FitConfig(skin_eyeball_std_m=1e-4, skin_teeth_std_m=1e-4, lid_gap_std_m=1e-4)
    apart = fit_landmarks(noisy, CAMERA, context=Context(head=head, config=weights))
    before, after = skin_intersections(head, free.parameters), skin_intersections(head, apart.parameters)
    assert max(before.eyeballs_mm, before.teeth_mm) > 0.5
    assert after.eyeballs_mm < 0.3
    assert after.teeth_mm < 0.3
    rms_px = [np.sqrt((fit.residuals_px**2).mean()) for fit in (free, apart)]
    assert rms_px[1] < 1.3 * rms_px[0]  # and still explains the landmarks
