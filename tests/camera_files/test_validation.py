"""Cameras that cannot be right are refused with the cause, and cameras that are right are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.camera_files.validation import meeting_point, seen_fraction, validate_cameras
from mien.cameras import Camera
from mien.errors import InputError

FLIP = np.diag([1.0, -1.0, -1.0, 1.0])


def ring(
    count: int = 10, *, distance_m: float = 0.8, target_m: tuple[float, ...] = (0, 0, 0)
) -> list[Camera]:
    """Cameras on a circle that look at its middle."""
    cameras = []
    for angle in np.linspace(0, 2 * np.pi, count, endpoint=False):
        away = np.array([np.sin(angle), 0.3, np.cos(angle)])
        away /= np.linalg.norm(away)
        right = np.cross([0.0, 1.0, 0.0], away)
        right /= np.linalg.norm(right)
        pose = np.eye(4)
        pose[:3, :3] = np.stack([right, -np.cross(away, right), -away])
        pose[:3, 3] = -pose[:3, :3] @ (np.array(target_m) + distance_m * away)
        cameras.append(Camera.from_focal(300.0, width_px=200, height_px=160, camera_from_world=pose))
    return cameras


def names(cameras: list[Camera]) -> list[str]:
    return [f"{index}.png" for index in range(len(cameras))]


def check(cameras: list[Camera]) -> list[str]:
    return validate_cameras(cameras, names=names(cameras), source="file")


def moved(camera: Camera, pose: np.ndarray) -> Camera:
    return replace(camera, camera_from_world=pose)


def test_a_ring_is_right_and_meets_in_its_middle():
    cameras = ring(target_m=(0.1, -0.2, 0.3))
    assert check(cameras) == []
    point, in_front = meeting_point(cameras)
    np.testing.assert_allclose(point, [0.1, -0.2, 0.3], atol=1e-5)
    assert in_front == 1
    assert seen_fraction(cameras, point[None])[0] == 1
    assert seen_fraction(cameras, point[None] + [0, 5, 0])[0] == 0


def test_a_row_of_parallel_cameras_is_right():
    """A light stage or a phone moved sideways: the axes meet nowhere."""
    cameras = []
    for x in np.linspace(-0.1, 0.1, 6):
        pose = np.diag([1.0, -1.0, -1.0, 1.0])
        pose[:3, 3] = [-x, 0, 0]
        cameras.append(Camera.from_focal(200.0, width_px=200, height_px=160, camera_from_world=pose))
    check(cameras)


@pytest.mark.parametrize(
    ("cameras", "words"),
    [
        ([moved(c, FLIP @ c.camera_from_world) for c in ring()], "OpenCV"),
        ([moved(c, FLIP @ c.world_from_camera @ FLIP) for c in ring(target_m=(1, 0.5, 2))], "invert"),
        (ring(1), "several views"),
        ([ring()[0]] * 5, "same place"),
        ([replace(c, intrinsics=np.diag([0.5, 0.5, 1.0])) for c in ring()], "field of view"),
        ([replace(c, intrinsics=np.diag([-300.0, 300.0, 1.0])) for c in ring()], "positive"),
        ([replace(c, width_px=20, height_px=16) for c in ring()], "another size|view"),
        ([moved(c, np.full((4, 4), np.nan)) for c in ring()], "not finite"),
        (
            [
                *ring(4, target_m=(0, 0, 0)),
                *ring(4, target_m=(30, 0, 0)),
                *ring(4, target_m=(0, 30, 0)),
                *ring(4, target_m=(0, 0, 30)),
            ],
            "without overlap",
        ),
    ],
    ids=[
        "axes", "inverted", "one", "no parallax", "wide", "negative focal", "other size", "nan", "apart"
    ],
)  # fmt: skip
def test_the_cause_is_named(cameras: list[Camera], words: str):
    with pytest.raises(InputError, match=words) as caught:
        check(cameras)
    assert "file" in str(caught.value)


def test_other_units_are_noted_not_refused():
    cameras = ring(distance_m=800.0)
    (warning,) = check(cameras)
    assert "metres_per_unit" in warning


def test_a_camera_that_looks_away_is_noted():
    cameras = ring()
    cameras[3] = moved(cameras[3], FLIP @ cameras[3].camera_from_world)
    assert any("look away" in warning for warning in check(cameras))
