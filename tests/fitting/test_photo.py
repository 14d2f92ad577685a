"""Known heads, recovered from their own landmarks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.cameras import Camera
from mien.errors import FitError, LandmarkSetError, ShapeError
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.config import FitConfig
from mien.fitting.context import Context
from mien.fitting.photo import fit_landmarks, fit_photo
from mien.geometry.rotations import matrix_from_rotation_vector, rotation_vector_from_matrix
from mien.landmarks.types import Landmarks2D
from mien.least_squares.solution import Status
from tests.fitting.scenes import exact_landmarks, some_parameters

FREE = CameraPrior.free(width_px=640, height_px=480)

TRUSTING = FitConfig(sigma_floor=1e-4)
"""Landmarks count for what they state: exact ones then give the exact head."""


def mean_error_mm(head, one, other):
    return 1000 * float(np.linalg.norm(head.vertices_m(one) - head.vertices_m(other), axis=1).mean())


@pytest.mark.parametrize("seed", range(4))
def test_recovers_a_head(head, camera, seed):
    truth = some_parameters(head, seed=seed)
    landmarks = exact_landmarks(head, truth, camera, sigma_px=0.02)
    fit = fit_landmarks(landmarks, camera, context=Context(head=head, config=TRUSTING))
    assert fit.status is Status.CONVERGED
    assert mean_error_mm(head, fit.parameters, truth) < 0.5
    assert np.abs(fit.residuals_px).max() < 0.2
    assert fit.camera is camera
    assert fit.head_name == "toy"


@pytest.mark.parametrize("roll_deg", [-90, -45, 45, 90])
@pytest.mark.parametrize("yaw_deg", [-85, 0, 85])
def test_recovers_turned_heads(head, camera, roll_deg, yaw_deg):
    roll = matrix_from_rotation_vector(np.array([0, 0, np.radians(roll_deg)]))
    yaw = matrix_from_rotation_vector(np.array([0.2, np.radians(yaw_deg), 0]))
    truth = replace(some_parameters(head, seed=7), root_rotation=rotation_vector_from_matrix(roll @ yaw))
    fit = fit_landmarks(
        exact_landmarks(head, truth, camera, sigma_px=0.1),
        camera,
        context=Context(head=head, config=TRUSTING),
    )
    assert mean_error_mm(head, fit.parameters, truth) < 2.0


def test_known_identity_is_kept(head, camera):
    truth = some_parameters(head, seed=3)
    fit = fit_landmarks(
        exact_landmarks(head, truth, camera, sigma_px=0.1),
        camera,
        identity=truth.identity,
        context=Context(head=head, config=TRUSTING),
    )
    np.testing.assert_array_equal(fit.parameters.identity, truth.identity)
    np.testing.assert_allclose(fit.parameters.expression, truth.expression, atol=0.02)


def test_face_into_the_camera_has_no_rotation(head, camera):
    truth = replace(head.neutral(), root_translation_m=np.array([0.0, 0.0, -0.5]))
    fit = fit_landmarks(exact_landmarks(head, truth, camera), FREE, context=Context(head=head))
    np.testing.assert_allclose(fit.parameters.root_rotation, 0, atol=0.01)
    assert fit.parameters.root_translation_m[2] < 0


def test_uncertain_landmark_hardly_matters(head, camera):
    truth = some_parameters(head, seed=2)
    clean = exact_landmarks(head, truth, camera, sigma_px=0.5)
    points_px, sigma_px = clean.points_px.copy(), clean.sigma_px.copy()
    points_px[::10] += 60
    certain = Landmarks2D(points_px, sigma_px, "toy")
    sigma_px = sigma_px.copy()
    sigma_px[::10] = 500
    uncertain = Landmarks2D(points_px, sigma_px, "toy")
    plain = Context(head=head, config=replace(TRUSTING, robust_kernel="none"))
    errors = [
        mean_error_mm(head, fit_landmarks(seen, camera, context=plain).parameters, truth)
        for seen in (clean, uncertain, certain)
    ]
    assert abs(errors[1] - errors[0]) < 0.3
    assert errors[2] > 10 * errors[1]


@pytest.mark.parametrize("kernel", ["huber", "geman_mcclure"])
def test_robust_kernel_discounts_outliers(head, camera, kernel):
    truth = some_parameters(head, seed=2)
    clean = exact_landmarks(head, truth, camera)
    points_px = clean.points_px.copy()
    points_px[::10] += 40
    errors = [
        mean_error_mm(
            head,
            fit_landmarks(
                replace(clean, points_px=points_px),
                camera,
                context=Context(head=head, config=replace(TRUSTING, robust_kernel=name)),
            ).parameters,
            truth,
        )
        for name in (kernel, "none")
    ]
    assert errors[0] < 0.35 * errors[1]


def test_focal_length_stays_near_what_is_known(head, camera):
    truth = some_parameters(head, seed=4)
    landmarks = exact_landmarks(head, truth, camera)
    vague = replace(landmarks, sigma_px=landmarks.sigma_px * 4)
    known = fit_landmarks(
        vague, CameraPrior.near(1500.0, width_px=640, height_px=480), context=Context(head=head)
    )
    guessed = fit_landmarks(landmarks, FREE, context=Context(head=head, config=TRUSTING))
    assert known.camera.focal_px == pytest.approx(1500, rel=0.1)
    assert abs(np.log(guessed.camera.focal_px / 800)) < abs(np.log(known.camera.focal_px / 800))


def test_expression_weights_stay_in_bounds(head, camera):
    truth = replace(some_parameters(head, seed=1), expression=np.full(head.expression_count, -0.4))
    fit = fit_landmarks(
        exact_landmarks(head, truth, camera, sigma_px=12.0), camera, context=Context(head=head)
    )
    assert fit.parameters.expression.min() > -0.15


def test_scale_of_the_picture_changes_nothing(head, camera):
    truth = some_parameters(head, seed=6)
    small = exact_landmarks(head, truth, camera)
    principal = camera.intrinsics[:2, 2]
    large_camera = Camera.from_focal(
        2400.0, width_px=1920, height_px=1440, camera_from_world=camera.camera_from_world
    )
    large = replace(
        small,
        points_px=(small.points_px - principal) * 3 + large_camera.intrinsics[:2, 2],
        sigma_px=small.sigma_px * 3,
    )
    one = fit_landmarks(small, camera, context=Context(head=head))
    other = fit_landmarks(large, large_camera, context=Context(head=head))
    assert mean_error_mm(head, one.parameters, other.parameters) < 0.01


def test_landmarks_that_are_not_numbers(head, camera):
    landmarks = exact_landmarks(head, some_parameters(head, seed=1), camera)
    broken = replace(landmarks, points_px=np.full_like(landmarks.points_px, np.nan))
    fit = fit_landmarks(broken, camera, context=Context(head=head))
    assert fit.status is Status.NOT_FINITE
    assert not fit.status.usable
    with pytest.raises(FitError, match="check that all landmarks are finite"):
        fit_landmarks(broken, camera, context=Context(head=head), throw=True)


def test_coinciding_landmarks_do_not_break(head, camera):
    landmarks = exact_landmarks(head, some_parameters(head, seed=1), camera)
    points_px = np.full_like(landmarks.points_px, 100.0)
    fit = fit_landmarks(replace(landmarks, points_px=points_px), camera, context=Context(head=head))
    assert isinstance(fit.status, Status)


def test_wrong_sets_are_named(head, camera):
    landmarks = exact_landmarks(head, some_parameters(head, seed=1), camera)
    with pytest.raises(LandmarkSetError, match="toy60"):
        fit_landmarks(replace(landmarks, set_name="other"), camera, context=Context(head=head))
    with pytest.raises(ShapeError):
        fit_landmarks(replace(landmarks, set_name="toy60"), camera, context=Context(head=head))


def test_fit_photo_fits_every_face_with_one_camera(head, camera):
    faces = [exact_landmarks(head, some_parameters(head, seed=seed), camera) for seed in (1, 2, 3)]
    image = np.zeros((480, 640, 3), np.uint8)
    fits = fit_photo(image, context=Context(head=head, landmarker=lambda image: faces))
    assert len(fits) == 3
    assert len({fit.camera.focal_px for fit in fits}) == 1
    assert len(fit_photo(image, context=Context(head=head, landmarker=lambda image: faces), max_faces=2)) == 2
    assert fit_photo(image, context=Context(head=head, landmarker=lambda image: [])) == []
    assert fits[0].camera.width_px == 640
    # Nothing was known of the camera beforehand: what the first face tells the others is an estimate.
    assert [fit.focal for fit in fits] == ["free"] * 3


def test_a_fit_says_what_was_known_beforehand(head, camera):
    landmarks, context = exact_landmarks(head, some_parameters(head, seed=1), camera), Context(head=head)
    near = CameraPrior.near(800.0, width_px=640, height_px=480)
    fits = [fit_landmarks(landmarks, each, context=context) for each in (camera, near, FREE)]
    assert [fit.focal for fit in fits] == ["fixed", "near", "free"]
    assert not any(fit.identity_known for fit in fits)
    known = fit_landmarks(landmarks, camera, identity=fits[0].parameters.identity, context=context)
    assert known.identity_known
