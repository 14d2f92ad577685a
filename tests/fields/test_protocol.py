"""Any field is rendered, meshed, scored and searched for a head; contexts reach it row by row."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import mien
from mien.errors import InputError
from mien.evaluation.fields.rejection import FacelessField
from mien.evaluation.fields.volume_fields import volume_as_field
from mien.fields.config import FieldConfig
from mien.fields.grid_field import GridField
from mien.fields.grids.color_grid import color_grid
from mien.fields.mesh import field_mesh
from mien.fields.mesh_field import mesh_field
from mien.fields.posed_images import PosedImages
from mien.fields.protocol import Field, FieldBase
from mien.fields.radiance_field import RadianceField
from mien.fields.rendering.picture import render_field
from mien.fields.rendering.rays import Rays
from mien.fields.rendering.views import camera_towards, depth_range_m, turntable_cameras
from mien.fields.scores import score_field
from mien.fields.viewpoint import Viewpoint
from mien.fields.wrapped_field import FieldInContext
from mien.synthetic.negatives.face_cut import FaceCut
from mien.synthetic.negatives.solid_volume import solid_volume
from mien.synthetic.negatives.solids import Part, Solid
from tests.fields.analytic_fields import BalloonField, EggField, balloon
from tests.fields.scenes import RADII_M, egg_scene, paint, picture_of_egg, ring_of_cameras
from tests.landmarks_in_fields.known_fields import BlobField, MovedField

RED, BLUE = (0.9, 0.1, 0.2), (0.1, 0.2, 0.8)
CAMERA = ring_of_cameras(3, 24)[1]


def radiance_field() -> RadianceField:
    config = FieldConfig(resolutions=(9,), upsample_at=(), density_activation="softplus")
    return RadianceField(config, np.array([[-0.1, -0.2, -0.15], [0.1, 0.1, 0.15]])).eval()


def grid_field() -> GridField:
    rgba = np.random.default_rng(0).uniform(0.2, 1, (6, 7, 8, 4)).astype(np.float32)
    return GridField(rgba, np.array([[-0.1, -0.2, -0.15], [0.1, 0.1, 0.15]]))


def tetrahedron() -> GridField:
    corners_m = 0.1 * np.array([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    triangles = np.array([[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]])
    return mesh_field(corners_m, triangles, np.full((4, 3), 0.5), voxels=24)


def brick() -> GridField:
    volume = solid_volume(Solid((Part("brick", (0.05, 0.05, 0.05)),)), np.zeros((68, 3)))
    assert volume is not None
    return volume_as_field(volume)


FIELDS: dict[str, Callable[[], Field]] = {
    "radiance field": radiance_field,
    "grid": grid_field,
    "mesh": tetrahedron,
    "volume": brick,
    "faceless": lambda: FacelessField(grid_field(), FaceCut(0.01)),
    "in context": lambda: FieldInContext(BalloonField(), balloon(0.07, RED)),
    "blob": lambda: BlobField(unit=20.0, fog=3.0),
    "moved": lambda: MovedField(BlobField(fog=3.0), np.eye(3)[[1, 2, 0]], 2.0, (0.3, 0.0, 0.0)),
    "egg": lambda: EggField(sky=BLUE),
}


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_keeps_the_protocol(name: str):
    field = FIELDS[name]()
    assert isinstance(field, Field)
    lower, upper = field.bounds_m
    rng = np.random.default_rng(0)
    coordinates = torch.from_numpy(rng.uniform(-1, 1, (400, 3))).float()
    points_m = torch.from_numpy((lower + upper) / 2 + coordinates.numpy() * (upper - lower) / 2).float()
    outside_m = torch.from_numpy(upper + rng.uniform(0.0001, 2, (50, 3)) * (upper - lower)).float()
    outside_m[::2] -= torch.from_numpy(2 * (upper - lower) * [1.0, 0, 0] + 2 * (upper - lower)).float()
    directions = torch.nn.functional.normalize(torch.from_numpy(rng.normal(size=(400, 3))).float(), dim=1)
    with torch.no_grad():
        density, color = field.density_and_color(points_m, directions)
        assert density.shape == (400,)
        assert color.shape == (400, 3)
        assert density.isfinite().all()
        assert density.max() > 0 <= density.min()
        assert color.min() >= 0
        assert color.max() <= 1
        torch.testing.assert_close(field.density(points_m), density)
        torch.testing.assert_close(field.raw_color(coordinates, directions), color, rtol=1e-3, atol=1e-3)
        raw = field.raw_density(coordinates)
        assert ((raw - density).abs() <= 1e-3 * density.max()).float().mean() > 0.97  # but for sharp edges
        for far_away in (outside_m, 1e4 * outside_m):
            density, color = field.density_and_color(far_away, directions[:50])
            assert (density == 0).all()
            assert (field.density(far_away) == 0).all()
            assert color.isfinite().all()
        behind = field.behind(directions)
        assert behind is None or behind.shape == (400, 3)
    assert field.voxel_m >= field.step_m > 0
    assert field.occupancy is None or 0 < field.occupancy.fraction <= 1
    assert isinstance(field.viewpoint, Viewpoint)
    middle_m = torch.from_numpy((lower + upper) / 2).float()[None]
    away = torch.tensor([[0.0, 0.0, 1.0]])
    near_m, far_m = field.near_and_far(Rays(middle_m + 9 * float(upper[2] - lower[2]) * away, -away))
    assert far_m > near_m
    picture = render_field(field, camera_towards(field, size_px=16), normals=True)
    assert picture.alpha.max() > 0
    assert np.isfinite(picture.normals).all()


def test_what_is_not_a_field():
    assert not isinstance(object(), Field)
    with pytest.raises(TypeError, match="density_and_color"):
        type("Half", (FieldBase,), {})()


def test_a_formula_is_rendered_as_it_is():
    seen = render_field(EggField(), CAMERA, background=(0, 0, 0), normals=True, supersampling=3)
    rgba, depth_m = picture_of_egg(CAMERA)
    np.testing.assert_allclose(seen.alpha, rgba[..., 3] / 255, atol=0.12)
    inside = rgba[..., 3] == 255
    assert np.abs(seen.rgb[inside].astype(float) - rgba[inside][:, :3]).mean() < 3
    surface = inside & np.isfinite(seen.depth_m)
    assert np.abs(seen.depth_m - depth_m)[surface].mean() < 0.001
    assert seen.normals is not None
    y, x = np.mgrid[:24, :24]
    ahead = np.stack([x, y, np.ones_like(x)], axis=2) @ np.linalg.inv(CAMERA.intrinsics).T
    pose = CAMERA.world_from_camera
    where_m = pose[:3, 3] + seen.depth_m[..., None] * ahead @ pose[:3, :3].T
    expected = where_m[surface] / RADII_M**2
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    cosines = (seen.normals[surface] * expected).sum(axis=1)
    assert np.median(cosines) > 0.97


def test_a_formula_is_scored():
    scores = score_field(EggField(), egg_scene(4, 32))
    assert scores.psnr_db > 28
    assert scores.depth_median_mm < 1
    assert scores.alpha_error < 0.01


def test_without_silhouettes_pictures_are_compared_over_what_is_behind():
    sky = np.array([40, 90, 160])
    cut_outs = egg_scene(4, 24)
    photos = []
    for rgba in cut_outs.rgba:
        alpha = rgba[..., 3:] / 255
        photos.append((rgba[..., :3] * alpha + sky * (1 - alpha)).astype(np.uint8))
    images = PosedImages.of(cut_outs.cameras, photos)
    assert score_field(EggField(sky=tuple((sky / 255).tolist())), images).psnr_db > 28
    assert score_field(EggField(), images).psnr_db < 10
    own = render_field(EggField(sky=(0.0, 1.0, 0.0)), CAMERA, background=None)
    assert tuple(own.rgb[0, 0]) == (0, 255, 0)
    with pytest.raises(InputError, match="background"):
        render_field(EggField(), CAMERA, background=None)


def test_a_formula_is_meshed_and_sampled():
    mesh = field_mesh(EggField(), size=40)
    radius = np.linalg.norm(mesh.vertices_m / RADII_M, axis=1)
    np.testing.assert_allclose(radius, 1, atol=0.08)
    assert np.abs(mesh.colors / 255 - paint(mesh.vertices_m)).mean() < 0.05
    grid = color_grid(EggField(), size=20)
    volume = (grid.rgba[..., 3] > 127).mean() * np.prod(2.4 * RADII_M)
    assert volume == pytest.approx(4 / 3 * np.pi * np.prod(RADII_M), rel=0.05)


def test_a_field_without_views_is_seen_whole_from_the_front():
    field = EggField()
    camera = camera_towards(field, size_px=40)
    assert camera.world_from_camera[2, 3] > 0.3
    corners = np.array(np.meshgrid(*field.bounds_m.T)).reshape(3, -1).T
    pixels = camera.project(corners)
    assert (pixels > -0.5).all()
    assert (pixels < 39.5).all()
    near_m, far_m = depth_range_m(field)
    depths_m = camera.to_camera(corners)[:, 2]
    assert near_m < depths_m.mean() < far_m
    assert len(turntable_cameras(field, count=3)) == 3


def test_an_egg_is_not_a_head():
    found = mien.field_landmarks(EggField())
    assert not found.found
    assert found.confidence < 0.5


def test_the_field_of_the_documentation_works():
    text = (Path(__file__).parents[2] / "docs" / "fields.md").read_text(encoding="utf-8")
    code = next(
        block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "FieldBase" in block
    )
    names: dict[str, object] = {"camera": CAMERA}
    exec(code, names)
    picture = names["picture"]
    assert isinstance(picture, mien.FieldPicture)
    assert picture.alpha[12, 12] > 0.99
    assert picture.alpha[0, 0] == 0
