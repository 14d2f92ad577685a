"""The cameras of a generator."""

from __future__ import annotations

import numpy as np
import pytest

from mien.datasets.lifting.drawing import framing_template_m
from mien.errors import InputError
from mien.lifting.camera_space import CameraSpace, label_cameras, many_label_cameras


def test_cameras_stand_on_the_sphere_and_look_at_its_centre():
    space = CameraSpace()
    camera = space.camera(0.7, -0.3, roll_rad=0.4, size_px=200)
    centre_m = camera.world_from_camera[:3, 3]
    assert np.linalg.norm(centre_m - space.look_at_m) == pytest.approx(space.radius_m)
    np.testing.assert_allclose(camera.project(np.array(space.look_at_m)), [99.5, 99.5], atol=1e-9)
    assert np.linalg.det(camera.camera_from_world[:3, :3]) == pytest.approx(1)


def test_azimuth_is_to_the_subjects_left_elevation_is_up_and_roll_turns_the_camera_clockwise():
    space = CameraSpace(look_at_m=(0.0, 0.0, 0.0))
    assert space.camera(0.5, 0.0).world_from_camera[0, 3] > 0.1
    assert space.camera(0.0, 0.5).world_from_camera[1, 3] > 0.1
    above = space.camera(0.0, 0.0, roll_rad=0.3).project(np.array([0.0, 0.1, 0.0])) - 111.5
    assert above[1] < 0
    assert above[0] < 0


def test_the_shift_moves_the_head_in_the_cameras_frame():
    space = CameraSpace()
    shift_m = np.array([0.01, -0.02, 0.05])
    moved, still = space.camera(0.4, 0.1, shift_m=shift_m), space.camera(0.4, 0.1)
    at = np.array(space.look_at_m)
    np.testing.assert_allclose(moved.to_camera(at) - still.to_camera(at), shift_m, atol=1e-12)
    np.testing.assert_allclose(
        space.to_sphere_m(moved.camera_from_world[:3, :3]) + shift_m, moved.camera_from_world[:3, 3]
    )


def test_accepted_angles_are_bounded_and_extremes_seldom_come_together():
    space, rng = CameraSpace(), np.random.default_rng(0)
    bounds = np.array([space.azimuth_rad, space.elevation_rad, space.roll_rad])
    share = np.array([space.random_angles(rng) for _ in range(4000)]) / bounds
    assert np.abs(share).max() <= 1
    # density exp(-u²) on [-1, 1]: mean of u² by quadrature
    u = np.linspace(-1, 1, 2001)
    expected = (u**2 * np.exp(-(u**2))).sum() / np.exp(-(u**2)).sum()
    np.testing.assert_allclose((share**2).mean(axis=0), expected, rtol=0.08)


def test_random_cameras_frame_the_landmarks():
    space, template_m, rng = CameraSpace(), framing_template_m(), np.random.default_rng(1)
    for _ in range(30):
        camera = space.random_camera(rng, template_m, size_px=100)
        points_px = camera.project(template_m)
        assert points_px.min() >= -0.5
        assert points_px.max() <= 99.5
        assert np.ptp(points_px, axis=0).min() > 50


def test_a_space_that_cannot_see_the_face_says_so():
    with pytest.raises(InputError, match=r"no camera at about 80\.0 m"):
        CameraSpace(radius_m=80.0).random_camera(np.random.default_rng(0), framing_template_m())


def test_fixed_views_look_from_both_sides():
    space = CameraSpace()
    for cameras in (label_cameras(space), many_label_cameras(space, 9)):
        across = [camera.world_from_camera[0, 3] for camera in cameras]
        assert min(across) < -0.5
        assert max(across) > 0.5
