"""Several pictures of one person: a better identity than one gives, in every way of sharing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.cameras import Camera
from mien.errors import FitError, InputError, ShapeError
from mien.fitting.camera_prior import CameraPrior
from mien.fitting.config import FitConfig
from mien.fitting.context import Context
from mien.fitting.photo import fit_landmarks
from mien.fitting.views import fit_landmark_views, fit_views
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.landmarks.types import Landmarks2D
from mien.least_squares.solution import Status
from tests.fitting.scenes import CAMERA_FROM_WORLD, exact_landmarks, some_parameters

WEIGHTS = FitConfig(sigma_floor=1e-4)
FREE = CameraPrior.free(width_px=640, height_px=480)


def rig(count: int) -> list[Camera]:
    """Cameras around the origin of a world of their own, +z up, one metre away."""
    cameras = []
    for index in range(count):
        yaw = 0.9 * (index - (count - 1) / 2)
        pose = np.eye(4)
        # from z-up world to the single-picture world, then round the head
        z_up = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])
        turn = matrix_from_rotation_vector(np.array([0.0, yaw, 0.0]))
        pose[:3, :3] = CAMERA_FROM_WORLD[:3, :3] @ turn @ z_up
        pose[:3, 3] = (0.02 * index, -0.01, 1.0)
        cameras.append(Camera.from_focal(900.0, width_px=640, height_px=480, camera_from_world=pose))
    return cameras


def shape_error_mm(head, fit, truth) -> float:
    neutral = np.zeros(head.expression_count)
    found, true = (head.rest_vertices_m(p.identity, neutral) for p in (fit, truth))
    offset = found - true
    return 1000 * float(np.sqrt(((offset - offset.mean(axis=0)) ** 2).sum(axis=1).mean()))


def own_views(head, count, *, seed):
    """One person in several pictures, each with its own pose, expression and focal length."""
    person = some_parameters(head, seed=seed)
    views, landmarks = [], []
    for index in range(count):
        focal_px = 700.0 + 60 * index
        camera = Camera.from_focal(focal_px, width_px=640, height_px=480, camera_from_world=CAMERA_FROM_WORLD)
        view = replace(some_parameters(head, seed=50 + seed + index, turn=0.15), identity=person.identity)
        yaw = 0.6 * (index - (count - 1) / 2)
        view = replace(view, root_rotation=view.root_rotation + [0, yaw, 0])
        views.append(view)
        landmarks.append(exact_landmarks(head, view, camera, sigma_px=0.3))
    return person, views, landmarks


@pytest.mark.parametrize("seed", [0, 1])
def test_three_views_know_the_person_better_than_one(head, seed):
    person, _, landmarks = own_views(head, 3, seed=seed)
    one = fit_landmark_views(landmarks[:1], [FREE], context=Context(head=head, config=WEIGHTS))
    three = fit_landmark_views(landmarks, [FREE] * 3, context=Context(head=head, config=WEIGHTS))
    assert three.status.usable
    errors = [shape_error_mm(head, fit.found[0].parameters, person) for fit in (one, three)]
    assert errors[1] < 0.9 * errors[0]
    assert errors[1] < 0.6
    for fit in three.found:
        np.testing.assert_array_equal(fit.parameters.identity, three.identity)
        assert np.sqrt((fit.residuals_px**2).mean()) < 0.2
    # each has its focal length and expression
    focals = [fit.camera.focal_px for fit in three.found]
    np.testing.assert_allclose(focals, [700, 760, 820], rtol=0.05)
    expressions = [fit.parameters.expression for fit in three.found]
    assert np.abs(expressions[0] - expressions[1]).max() > 0.05


def test_posed_cameras_find_the_head_in_their_world(head):
    cameras = rig(3)
    truth = some_parameters(head, seed=4)
    # upright in a world with +z up, near its origin
    upright = matrix_from_rotation_vector(np.array([np.pi / 2, 0, 0]))
    truth = replace(
        truth,
        root_rotation=np.array([np.pi / 2 + 0.1, 0.0, 0.05]),
        root_translation_m=np.array([0.01, 0.02, 0]),
    )
    assert upright[2, 1] == pytest.approx(1)
    landmarks = [exact_landmarks(head, truth, camera, sigma_px=0.3) for camera in cameras]
    views = fit_landmark_views(landmarks, cameras, context=Context(head=head, config=WEIGHTS))
    assert views.status.usable
    fit = views.found[0]
    np.testing.assert_allclose(fit.parameters.root_translation_m, truth.root_translation_m, atol=0.002)
    error_m = head.vertices_m(fit.parameters) - head.vertices_m(truth)
    assert np.sqrt((error_m**2).sum(axis=1).mean()) < 0.0006
    for other, camera in zip(views.found, cameras, strict=True):
        np.testing.assert_array_equal(other.parameters.expression, fit.parameters.expression)
        np.testing.assert_array_equal(other.camera.camera_from_world, camera.camera_from_world)
        assert np.sqrt((other.residuals_px**2).mean()) < 0.3


def test_posed_cameras_with_an_expression_each(head):
    cameras = rig(2)
    base = replace(
        some_parameters(head, seed=4),
        root_rotation=np.array([np.pi / 2, 0.0, 0.0]),
        root_translation_m=np.array([0.01, 0.02, 0.0]),
    )
    truths = [base, replace(base, expression=np.full(head.expression_count, 0.3))]
    landmarks = [
        exact_landmarks(head, truth, camera, sigma_px=0.3)
        for truth, camera in zip(truths, cameras, strict=True)
    ]
    views = fit_landmark_views(
        landmarks, cameras, same_moment=False, context=Context(head=head, config=WEIGHTS)
    )
    expressions = [fit.parameters.expression for fit in views.found]
    for found, truth in zip(expressions, truths, strict=True):
        np.testing.assert_allclose(found, truth.expression, atol=0.12)
    np.testing.assert_array_equal(views.found[0].parameters.identity, views.found[1].parameters.identity)


def test_still_head_with_unknown_cameras_finds_where_they_were(head):
    truth = some_parameters(head, seed=6)
    standard = np.linalg.inv(CAMERA_FROM_WORLD)
    head_pose = np.eye(4)
    head_pose[:3, 3] = truth.root_translation_m
    landmarks, poses = [], []
    for yaw in (-0.5, 0.0, 0.5):
        turn = np.eye(4)
        turn[:3, :3] = matrix_from_rotation_vector(np.array([0.0, yaw, 0.0]))
        # the camera goes round the head
        camera_from_world = CAMERA_FROM_WORLD @ head_pose @ turn @ np.linalg.inv(head_pose)
        camera = Camera.from_focal(800.0, width_px=640, height_px=480, camera_from_world=camera_from_world)
        poses.append(camera_from_world)
        landmarks.append(exact_landmarks(head, truth, camera, sigma_px=0.3))
    views = fit_landmark_views(
        landmarks, [FREE] * 3, same_moment=True, same_camera=True, context=Context(head=head, config=WEIGHTS)
    )
    first, last = views.found[0], views.found[2]
    assert first.camera.focal_px == pytest.approx(last.camera.focal_px)
    assert first.camera.focal_px == pytest.approx(800, rel=0.03)
    np.testing.assert_array_equal(first.parameters.root_rotation, last.parameters.root_rotation)
    np.testing.assert_allclose(first.camera.camera_from_world, standard, atol=1e-9)
    motion = last.camera.camera_from_world @ first.camera.world_from_camera
    true_motion = poses[2] @ np.linalg.inv(poses[0])
    np.testing.assert_allclose(motion[:3, :3], true_motion[:3, :3], atol=0.03)
    np.testing.assert_allclose(motion[:3, 3], true_motion[:3, 3], atol=0.02)
    for fit in views.found:  # the camera of each still sees its landmarks
        seen_px = fit.camera.project(head.vertices_m(fit.parameters))
        np.testing.assert_allclose(seen_px - fit.landmarks.points_px, fit.residuals_px, atol=1e-6)


def test_pictures_without_a_face_are_left_out(head):
    _, _, landmarks = own_views(head, 2, seed=0)
    faces = iter([[landmarks[0]], [], [landmarks[1]]])
    pictures = [np.zeros((480, 640, 3), np.uint8)] * 3
    views = fit_views(pictures, context=Context(head=head, landmarker=lambda image: next(faces)))
    assert [fit is None for fit in views.fits] == [False, True, False]
    assert len(views.identity) == head.identity_count
    none = fit_views(pictures[:1], context=Context(head=head, landmarker=lambda image: []))
    assert none.status is Status.LOST
    with pytest.raises(FitError, match="no picture"):
        _ = none.identity


def test_what_is_known_of_a_focal_length_counts_once(head):
    """One picture is fitted as it is alone: its first fit is a start, not more knowledge."""
    _, _, landmarks = own_views(head, 1, seed=0)
    vague = replace(landmarks[0], sigma_px=20 * landmarks[0].sigma_px)
    near = CameraPrior.near(1000.0, width_px=640, height_px=480)
    alone = fit_landmarks(vague, near, context=Context(head=head))
    [joint] = fit_landmark_views([vague], [near], context=Context(head=head)).found
    assert abs(np.log(alone.camera.focal_px / 1000)) > 0.01
    assert joint.camera.focal_px == pytest.approx(alone.camera.focal_px, rel=1e-3)


def test_wrong_input(head, camera):
    face = exact_landmarks(head, some_parameters(head, seed=1), camera)
    with pytest.raises(ShapeError, match="one per picture"):
        fit_landmark_views([face, face], [camera], context=Context(head=head))
    with pytest.raises(InputError, match="some cameras are known"):
        fit_landmark_views([face, face], [camera, FREE], context=Context(head=head))
    with pytest.raises(InputError, match="no pictures"):
        fit_landmark_views([], [], context=Context(head=head))
    other = Landmarks2D(face.points_px[:60], face.sigma_px[:60], "toy60")
    with pytest.raises(InputError, match="different sets"):
        fit_landmark_views([face, other], [camera, camera], context=Context(head=head))
    nothing = replace(face, points_px=np.full_like(face.points_px, np.nan))
    assert fit_landmark_views([nothing], [camera], context=Context(head=head)).status is Status.NOT_FINITE
    with pytest.raises(FitError, match="check that all landmarks are finite"):
        fit_landmark_views([nothing], [camera], context=Context(head=head), throw=True)
