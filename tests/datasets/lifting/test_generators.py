"""Generators of posed views, files of them, and labels lifted from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.cameras import Camera
from mien.datasets.lifting.config import ViewsConfig
from mien.datasets.lifting.detectors import FunctionDetector
from mien.datasets.lifting.drawing import cameras_of, framing_template_m, make_generator
from mien.datasets.lifting.eg3d import Eg3dGenerator, camera_label
from mien.datasets.lifting.field_generator import in_field
from mien.datasets.lifting.labels import label_views, read_pseudo_labels
from mien.datasets.lifting.posed_views import SAMPLED, posed_views, read_posed_views
from mien.errors import InputError, ShapeError
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.lifting.camera_space import CameraSpace, label_cameras
from mien.lifting.generator import GeneratedView, MultiViewGenerator
from mien.synthetic.painted_points import PAINTED_SET, PaintedHeads, find_painted


def points_picture(label: np.ndarray, size: int, points: np.ndarray) -> np.ndarray:
    """What a stand-in for a GAN draws: bright pixels where points are, by the camera's 25 numbers."""
    pose, intrinsics = label[:16].reshape(4, 4), label[16:].reshape(3, 3) * size
    intrinsics[2] = [0, 0, 1]
    local = (points - pose[:3, 3]) @ pose[:3, :3]
    at = (local / local[:, 2:]) @ intrinsics.T
    picture = np.zeros((size, size, 3), np.uint8)
    for x, y in at[:, :2]:  # here a pixel's edge is at whole numbers
        picture[int(np.floor(y)), int(np.floor(x))] = 255
    return picture


def test_an_eg3d_style_generator_gets_its_own_units_and_conventions():
    metres_per_unit, size = 0.3, 256
    points = np.array([[0.05, 0.1, 0.2], [-0.1, 0.0, 0.25], [0.0, -0.15, 0.2]])
    generator = Eg3dGenerator(
        lambda latent, label: points_picture(label, size, points), metres_per_unit=metres_per_unit
    )
    assert isinstance(generator, MultiViewGenerator)
    assert generator.space.radius_m == pytest.approx(0.81)
    for camera in label_cameras(generator.space, size_px=size):
        (view,) = generator.views(7, [camera])
        rows, columns = np.nonzero(view.picture[..., 0])
        lit = np.stack([columns, rows], axis=1)
        for point_px in camera.project(points * metres_per_unit):
            assert np.abs(lit - point_px).max(axis=1).min() <= 0.51
    assert camera_label(camera, metres_per_unit=1.0).shape == (25,)


def test_a_generators_picture_must_have_its_cameras_size():
    generator = Eg3dGenerator(lambda *_: np.zeros((64, 64, 3), np.uint8), metres_per_unit=0.3)
    with pytest.raises(ShapeError, match="--size"):
        generator.views(0, [generator.space.camera(0.0, 0.0, size_px=128)])


def test_a_camera_goes_with_a_field_that_is_moved_turned_and_scaled():
    camera = CameraSpace().camera(0.6, 0.2, size_px=100)
    turn = matrix_from_rotation_vector(np.array([0.3, -1.1, 0.5]))
    field_from_head = np.column_stack([2.5 * turn, [0.4, -0.2, 1.0]])
    points_m = framing_template_m()
    moved = points_m @ field_from_head[:, :3].T + field_from_head[:, 3]
    np.testing.assert_allclose(
        in_field(camera, field_from_head).project(moved), camera.project(points_m), atol=1e-8
    )


def test_generators_by_name():
    generator = make_generator(ViewsConfig(generator=f"{__name__}:stand_in"))
    assert isinstance(generator, StandIn)
    for name in ("nothing", "mien.errors:InputError2", "no_such_module:f", f"{__name__}:points_picture"):
        with pytest.raises((InputError, TypeError)):
            make_generator(ViewsConfig(generator=name))
    with pytest.raises(InputError, match="--assets"):
        make_generator(ViewsConfig())


class StandIn:
    """Shows dots; tells nothing."""

    space, exact_set = CameraSpace(), None

    def views(self, latent: int, cameras: list[Camera]) -> list[GeneratedView]:
        return [GeneratedView(np.full((8, 8, 3), latent, np.uint8), camera) for camera in cameras]


def stand_in() -> StandIn:
    return StandIn()


def test_a_latents_cameras_are_its_own_and_stay():
    config, template_m = ViewsConfig(random_views=3), framing_template_m()
    first, kinds = cameras_of(config, CameraSpace(), 5, template_m)
    again, _ = cameras_of(config, CameraSpace(), 5, template_m)
    other, _ = cameras_of(config, CameraSpace(), 6, template_m)
    assert kinds == [0, 1, 2, 3, 4, SAMPLED, SAMPLED, SAMPLED]
    np.testing.assert_array_equal(first[6].camera_from_world, again[6].camera_from_world)
    assert np.abs(first[6].camera_from_world - other[6].camera_from_world).max() > 1e-3
    assert first[0].width_px == 256
    assert first[0].focal_px == pytest.approx(3.2 * 192)


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shard of two painted heads."""
    folder = tmp_path_factory.mktemp("painted")
    generator = PaintedHeads(size_px=256)
    config = ViewsConfig(random_views=0)
    latents, fixed, views = [], [], []
    for latent in (3, 4):
        cameras, kinds = cameras_of(config, generator.space, latent, framing_template_m())
        views += generator.views(latent, cameras)
        latents += [latent] * len(cameras)
        fixed += kinds
    replace(posed_views(latents, fixed, views), exact_set=PAINTED_SET).save(folder / "views-000000.npz")
    return folder


def test_shards_keep_what_they_are_given(painted: Path):
    views = read_posed_views(painted / "views-000000.npz")
    assert len(views) == 10
    assert views.exact_set == PAINTED_SET
    assert views.rows_of(4).tolist() == [5, 6, 7, 8, 9]
    assert views.picture(0).shape == (256, 256, 3)
    projected = views.camera(7).project(views.exact_m[7].astype(float))
    np.testing.assert_allclose(projected, views.exact_px[7], atol=1e-3)


def test_a_damaged_shard_is_named(tmp_path: Path):
    path = tmp_path / "views-000000.npz"
    path.write_bytes(b"no archive")
    with pytest.raises(InputError, match="views-000000"):
        read_posed_views(path)


def test_points_that_no_head_has_are_lifted_from_a_users_detector(painted: Path, tmp_path: Path):
    labels = label_views(
        [painted],
        FunctionDetector(find_painted, set_name=PAINTED_SET),
        set_name=PAINTED_SET,
        detector_name="painted",
    )
    error = labels.error_mm()
    assert np.isfinite(error).mean() > 0.8
    assert np.nanmean(error) < 1.0
    labels.save(tmp_path / "labels.npz")
    again = read_pseudo_labels(tmp_path / "labels.npz")
    np.testing.assert_array_equal(again.points_m, labels.points_m)
    assert again.set_name == PAINTED_SET
    assert again.template.points_m.shape == (30, 3)


def test_a_detector_that_answers_in_another_shape_is_told_so():
    detector = FunctionDetector(lambda picture: np.zeros(7), set_name="mine")
    with pytest.raises(ShapeError, match="landmarks, 2"):
        detector(np.zeros((8, 8, 3), np.uint8), np.zeros((98, 2)))
