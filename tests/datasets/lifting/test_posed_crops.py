"""Crops of posed views keep their cameras exact."""

from __future__ import annotations

import numpy as np

from mien.cameras import Camera
from mien.datasets.lifting.drawing import framing_template_m
from mien.datasets.lifting.posed_crops import TurnConfig, posed_crop
from mien.heads.library import load_head
from mien.lifting.camera_space import CameraSpace

TEMPLATE_M = framing_template_m()
FRAMING_M = load_head().mean_m[load_head().landmark_set("dense703").vertices]


def wide(camera: Camera, size_px: int) -> Camera:
    return Camera.from_focal(
        camera.focal_px, width_px=size_px, height_px=size_px, camera_from_world=camera.camera_from_world
    )


def dotted(camera: Camera, point_m: np.ndarray) -> np.ndarray:
    """A picture with a bright spot where a point is."""
    x, y = camera.project(point_m)
    rows, columns = np.mgrid[: camera.height_px, : camera.width_px]
    spot = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 2.0**2))
    return np.repeat(np.rint(spot).astype(np.uint8)[..., None], 3, axis=2)


def centre_of(picture: np.ndarray) -> np.ndarray:
    weight = picture[..., 0].astype(float)
    rows, columns = np.mgrid[: len(picture), : len(picture)]
    return np.array([(weight * columns).sum(), (weight * rows).sum()]) / weight.sum()


def test_a_point_is_seen_where_the_crops_camera_projects_it():
    space, rng = CameraSpace(), np.random.default_rng(3)
    for trial in range(6):
        camera = wide(space.random_camera(rng, TEMPLATE_M, size_px=96), 128)
        point_m = TEMPLATE_M[[16, 54, 60, 72, 76, 90][trial]]
        crop = posed_crop(
            dotted(camera, point_m), camera, FRAMING_M, size_px=96, focal=space.focal, rng=rng,
            options=TurnConfig(),
        )  # fmt: skip
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = crop.rotation, crop.translation_m
        own = Camera.from_focal(space.focal * 96, width_px=96, height_px=96, camera_from_world=pose)
        shown_m = point_m * np.array([-1.0, 1.0, 1.0]) if crop.mirrored else point_m
        np.testing.assert_allclose(centre_of(crop.crop), own.project(shown_m), atol=0.15)
        assert np.linalg.det(crop.rotation) > 0.99


def test_without_jitter_the_face_stands_upright_in_the_middle():
    space, rng = CameraSpace(), np.random.default_rng(4)
    for _ in range(5):
        camera = wide(space.random_camera(rng, TEMPLATE_M, size_px=96), 128)
        picture = np.zeros((128, 128, 3), np.uint8)
        crop = posed_crop(
            picture, camera, FRAMING_M, size_px=96, focal=space.focal, rng=rng, options=TurnConfig.none()
        )
        seen = (TEMPLATE_M @ crop.rotation.T + crop.translation_m)[:, :2]
        eyes, mouth = seen[60:76].mean(axis=0), seen[76:96].mean(axis=0)
        assert eyes[1] < mouth[1]
        assert abs(eyes[0] - mouth[0]) < 0.35 * abs(eyes[1] - mouth[1])
        assert not crop.mirrored
