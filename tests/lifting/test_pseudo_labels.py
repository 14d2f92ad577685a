"""3D landmarks from 2D ones in several views."""

from __future__ import annotations

import numpy as np
import pytest

from mien.datasets.lifting.drawing import framing_template_m
from mien.errors import ShapeError
from mien.least_squares.solution import Status
from mien.lifting.camera_space import CameraSpace, label_cameras, many_label_cameras
from mien.lifting.pseudo_labels import _Reprojection, lift_landmarks
from mien.lifting.visibility import ellipsoid_normals, visible_from

TRUE_M = framing_template_m()
NORMALS = ellipsoid_normals(TRUE_M)


def seen(cameras, noise_px: float = 0.0) -> np.ndarray:
    exact = np.stack([camera.project(TRUE_M) for camera in cameras])
    return exact + np.random.default_rng(5).normal(0, noise_px, exact.shape) if noise_px else exact


def test_exact_detections_are_lifted_exactly():
    cameras = label_cameras(CameraSpace())
    lifted = lift_landmarks(seen(cameras), visible_from(TRUE_M, NORMALS, cameras), cameras)
    np.testing.assert_allclose(lifted.points_m, TRUE_M, atol=1e-7)
    assert lifted.rms_px < 1e-4
    assert lifted.status is Status.CONVERGED


def test_noise_of_a_pixel_costs_about_a_millimetre_and_more_views_help():
    errors = []
    for cameras in (label_cameras(CameraSpace()), many_label_cameras(CameraSpace(), 25)):
        counts = visible_from(TRUE_M, NORMALS, cameras)
        lifted = lift_landmarks(seen(cameras, 1.0), counts, cameras)
        errors.append(1000 * np.linalg.norm(lifted.points_m - TRUE_M, axis=1).mean())
        assert lifted.rms_px / np.sqrt(2) < 1.05  # per axis; what was fitted takes a part of the noise
    assert errors[0] < 1.6
    assert errors[1] < 0.6


def test_what_is_masked_does_not_matter():
    cameras = label_cameras(CameraSpace())
    counts = visible_from(TRUE_M, NORMALS, cameras)
    points_px = seen(cameras)
    points_px[~counts] += 40.0
    np.testing.assert_allclose(lift_landmarks(points_px, counts, cameras).points_m, TRUE_M, atol=1e-7)


def test_one_wrong_view_is_borne():
    cameras = many_label_cameras(CameraSpace(), 9)
    points_px = seen(cameras)
    points_px[4, 10] += 60.0
    lifted = lift_landmarks(points_px, np.ones(points_px.shape[:2], bool), cameras)
    assert np.linalg.norm(lifted.points_m[10] - TRUE_M[10]) < 0.003


def test_what_fewer_than_two_views_show_is_not_known():
    cameras = label_cameras(CameraSpace())
    points_px = seen(cameras)
    points_px[1:, 3] = np.nan
    lifted = lift_landmarks(points_px, np.ones(points_px.shape[:2], bool), cameras)
    assert np.isnan(lifted.points_m[3]).all()
    assert lifted.views[3] == 1
    assert np.isfinite(np.delete(lifted.points_m, 3, axis=0)).all()
    nothing = lift_landmarks(np.full_like(points_px, np.nan), np.ones(points_px.shape[:2], bool), cameras)
    assert nothing.status is Status.LOST
    assert np.isnan(nothing.rms_px)


def test_the_gradient_is_that_of_the_cost():
    cameras = label_cameras(CameraSpace())
    problem = _Reprojection(seen(cameras, 1.0), np.ones((5, len(TRUE_M))), cameras)
    x = TRUE_M.ravel() + np.random.default_rng(1).normal(0, 0.004, TRUE_M.size)
    gradient = problem.linearize(x).gradient
    for index in (0, 7, 200):
        step = np.zeros_like(x)
        step[index] = 1e-7
        slope = (problem.cost(x + step) - problem.cost(x - step)) / 2e-7
        assert gradient[index] == pytest.approx(slope, rel=1e-4, abs=1e-2)


def test_masks_and_cameras_must_fit():
    cameras = label_cameras(CameraSpace())
    with pytest.raises(ShapeError, match="5 views"):
        lift_landmarks(seen(cameras)[:4], np.ones((4, 98), bool), cameras)


def test_normals_look_outwards_and_hide_the_far_side():
    np.testing.assert_allclose(np.linalg.norm(NORMALS, axis=1), 1)
    assert (NORMALS[[51, 54, 57]] @ [0, 0, 1.0] > 0.6).all()  # bridge, tip and base of the nose
    assert NORMALS[0, 0] < -0.5 < 0.5 < NORMALS[32, 0]  # ends of the jaw; the subject's right one comes first
    from_left = visible_from(TRUE_M, NORMALS, [CameraSpace().camera(1.2, 0.0)])[0]
    assert from_left[28:33].all()
    assert not from_left[:5].any()
