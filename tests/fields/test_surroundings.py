"""A body before a wall, by mattes: its colours, and poses that are found by them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from mien.errors import InputError
from mien.fields.config import FieldConfig
from mien.fields.field_training import FieldTraining
from mien.fields.pose_refinement import PoseRefinement, refined_camera
from mien.fields.posed_images import PosedImages
from mien.fields.radiance_field import RadianceField
from mien.fields.rendering.rays import camera_rays, cross_box
from mien.fields.train import train_field
from mien.geometry.rotations import matrix_from_rotation_vector
from tests.fields.scenes import RADII_M, egg_scene

CONFIG = FieldConfig(
    density_components=4,
    color_components=6,
    color_width=24,
    resolutions=(16, 32),
    upsample_at=(0.4,),
    iterations=150,
    rays_per_step=1024,
)
CUT_OUT = egg_scene(12, 32)
BOUNDS_M = 1.15 * np.stack([-RADII_M, RADII_M])


def before_a_wall() -> PosedImages:
    """The egg over a green that grows brighter to one side, with its silhouettes as mattes."""
    shown, mattes = [], []
    for rgba in CUT_OUT.rgba:
        alpha = rgba[..., 3:] / 255
        wall = np.array([90, 200, 80]) * np.linspace(0.7, 1.0, rgba.shape[1])[None, :, None]
        shown.append(np.rint(rgba[..., :3] * alpha + wall * (1 - alpha)).astype(np.uint8))
        mattes.append(np.concatenate([rgba[..., 3:], np.full_like(rgba[..., 3:], 255)], axis=2))
    return replace(PosedImages.of(CUT_OUT.cameras, shown), mattes=tuple(mattes))


@pytest.fixture(scope="module")
def field() -> RadianceField:
    return train_field(before_a_wall(), CONFIG, bounds_m=BOUNDS_M)


def test_colors_of_the_body_are_its_own(field: RadianceField):
    """Nothing stands between it and the cameras, so its contrast needs no exaggeration."""
    assert field.config.background == "scene"
    for camera, rgba in zip(CUT_OUT.cameras[::4], CUT_OUT.rgba[::4], strict=True):
        seen = field.render(camera, supersampling=2)
        inside = rgba[..., 3] == 255
        difference = (seen.rgb / 255.0 - rgba[..., :3] / 255.0)[inside]
        assert -10 * np.log10((difference**2).mean()) > 24
        assert np.abs(difference.mean(axis=0)).max() < 0.03
        rays = camera_rays(camera)
        near_m, far_m = cross_box(rays, field.bounds)
        assert field.outer is not None
        with torch.no_grad():
            before, _ = field.outer.before_and_behind(
                rays,
                near_m,
                torch.maximum(near_m, far_m),
                centre_m=field.bounds.mean(dim=0),
                half_size_m=field.half_size,
            )
        assert float(before[:, 3].reshape(inside.shape)[torch.from_numpy(inside)].mean()) < 0.05


def test_a_veil_costs_most_before_the_head():
    training = FieldTraining(
        RadianceField(replace(CONFIG, background="scene"), BOUNDS_M, surroundings=True),
        before_a_wall(),
    )
    pixels, ones = torch.arange(4), torch.ones(4)
    head = torch.tensor([1.0, 1.0, 0.0, 0.0])
    cost = [float(training._veil(veil, head, pixels)) for veil in (ones, head, 1 - head, 0 * ones)]
    assert cost[0] > cost[1] > cost[2] > cost[3] == 0


def test_a_camera_is_found_again_by_colors(field: RadianceField):
    camera, rgba = CUT_OUT.cameras[0], CUT_OUT.rgba[0]
    noise = np.eye(4)
    noise[:3, :3] = matrix_from_rotation_vector(np.radians([0.6, -0.8, 0.5]))
    doubted = replace(camera, camera_from_world=noise @ camera.camera_from_world)
    inside = rgba[..., 3] == 255
    image = np.rint(rgba[..., :3] * 0.85).astype(np.uint8)  # darker than the field knows it
    found = refined_camera(field, doubted, np.ascontiguousarray(image), inside)

    def off_px(one):
        points_m = RADII_M * np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0.0]])
        return np.linalg.norm(one.project(points_m) - camera.project(points_m), axis=1).mean()

    assert off_px(found) < 0.5 * off_px(doubted)


def test_a_picture_without_the_subject_is_refused(field: RadianceField):
    nothing = np.zeros((32, 32), bool)
    with pytest.raises(InputError, match="0 pixels"):
        refined_camera(
            field, CUT_OUT.cameras[0], np.zeros((32, 32, 3), np.uint8), nothing, config=PoseRefinement(2)
        )
