"""OpenGL's projection agrees with the cameras'."""

from __future__ import annotations

import numpy as np
import pytest

from mien.cameras import Camera
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.synthetic.scenes.clip_space import clip_from_camera, orthographic


def to_clip(matrix: np.ndarray, points_m: np.ndarray) -> np.ndarray:
    homogeneous = np.concatenate([points_m, np.ones((len(points_m), 1))], axis=1) @ matrix.T
    return homogeneous[:, :3] / homogeneous[:, 3:]


@pytest.mark.parametrize("seed", range(5))
def test_pixels_agree_with_the_camera(seed: int):
    rng = np.random.default_rng(seed)
    size_px = int(rng.integers(17, 400))
    pose = np.eye(4)
    pose[:3, :3] = matrix_from_rotation_vector(rng.normal(size=3))
    pose[:3, 3] = rng.normal(size=3)
    fx, fy, cx, cy = rng.uniform(100, 900), rng.uniform(100, 900), rng.uniform(0, 300), rng.uniform(-50, 300)
    camera = Camera(np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]]), pose, size_px, size_px)
    local_m = np.concatenate([rng.normal(0, 0.5, (200, 2)), rng.uniform(0.3, 5, (200, 1))], axis=1)
    points_m = (local_m - pose[:3, 3]) @ pose[:3, :3]
    clip = to_clip(
        clip_from_camera(camera.intrinsics, camera.camera_from_world, size_px, near_m=0.2, far_m=6.0),
        points_m,
    )
    # OpenGL's window: -1 … 1 spans the picture from edge to edge, y upwards
    pixels = np.stack([(clip[:, 0] + 1) * size_px / 2, (1 - clip[:, 1]) * size_px / 2], axis=1) - 0.5
    np.testing.assert_allclose(pixels, camera.project(points_m), atol=1e-6)


def test_depth_runs_from_near_to_far():
    camera = Camera.from_focal(100.0, width_px=64, height_px=64)
    matrix = clip_from_camera(camera.intrinsics, camera.camera_from_world, 64, near_m=0.5, far_m=2.0)
    depth = to_clip(matrix, np.array([[0, 0, 0.5], [0.1, 0.2, 1.0], [0, 0, 2.0]]))[:, 2]
    assert depth[0] == pytest.approx(-1)
    assert depth[2] == pytest.approx(1)
    assert -1 < depth[1] < 1


@pytest.mark.parametrize("direction", [[0, 0, 1.0], [0, 1.0, 0], [0.3, -2.0, 0.5], [1.0, 0, 0]])
def test_light_sees_a_cube_around_the_centre(direction: list[float]):
    towards, centre_m = np.array(direction), np.array([0.1, -0.2, -1.5])
    matrix = orthographic(towards, centre_m, 0.25)
    unit = towards / np.linalg.norm(towards)
    np.testing.assert_allclose(to_clip(matrix, centre_m[None])[0], 0, atol=1e-12)
    # a step towards the light is nearer by that step over the extent
    np.testing.assert_allclose(to_clip(matrix, (centre_m + 0.1 * unit)[None])[0], [0, 0, -0.4], atol=1e-12)
    rotation = matrix[:3, :3] * 0.25
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
