"""Data sets from files: what is right loads, what is broken names the cause."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mien.errors import InputError, ShapeError
from mien.fields.posed_images import PosedImages, load_posed_images
from mien.fields.silhouette_hull import automatic_bounds
from tests.fields.scenes import RADII_M, egg_scene, write_scene

EGG = egg_scene(6, 24)


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("masks", [False, True])
def test_written_and_read(tmp_path: Path, masks: bool):
    images = load_posed_images(write_scene(tmp_path, EGG, masks=masks))
    assert len(images) == 6
    assert images.has_masks
    assert images.warnings == ()
    for old, new in zip(EGG.rgba, images.rgba, strict=True):
        np.testing.assert_array_equal(old, new)
    for old, new in zip(EGG.cameras, images.cameras, strict=True):
        np.testing.assert_allclose(old.camera_from_world, new.camera_from_world, atol=1e-9)
        np.testing.assert_allclose(old.intrinsics, new.intrinsics)


def no_size(content: dict[str, Any]) -> None:
    for frame in content["frames"]:
        for key in ("w", "h", "cx", "cy"):
            del frame[key]
        frame["file_path"] = "gone/" + frame["file_path"]


def no_focal(content: dict[str, Any]) -> None:
    del content["frames"][2]["fl_x"]


def opencv_axes(content: dict[str, Any]) -> None:
    for frame in content["frames"]:
        frame["transform_matrix"] = (np.array(frame["transform_matrix"]) @ np.diag([1, -1, -1, 1])).tolist()


def inverted(content: dict[str, Any]) -> None:
    for frame in content["frames"]:
        frame["transform_matrix"] = np.linalg.inv(frame["transform_matrix"]).tolist()


def scaled(content: dict[str, Any]) -> None:
    for frame in content["frames"]:
        frame["transform_matrix"] = (3.0 * np.array(frame["transform_matrix"])).tolist()


def mirrored(content: dict[str, Any]) -> None:
    for frame in content["frames"]:
        frame["transform_matrix"] = (np.array(frame["transform_matrix"]) @ np.diag([1, 1, -1, 1])).tolist()


def sheared(content: dict[str, Any]) -> None:
    content["frames"][1]["transform_matrix"][0][1] += 0.4


def not_a_number(content: dict[str, Any]) -> None:
    content["frames"][1]["transform_matrix"][0][3] = float("nan")


def missing_pictures(content: dict[str, Any], count: int = 4) -> None:
    for index in range(count):
        content["frames"][index]["file_path"] = f"no-such-{index}.png"


def missing_masks(content: dict[str, Any], count: int = 4) -> None:
    for index in range(count):
        content["frames"][index]["mask_path"] = f"no-such-{index}.png"


def twice(content: dict[str, Any]) -> None:
    content["frames"][4]["file_path"] = content["frames"][3]["file_path"]


def other_intrinsics(content: dict[str, Any]) -> None:
    content["frames"][0].update(cx=400.0, cy=300.0)


def other_size(content: dict[str, Any]) -> None:
    for frame in content["frames"]:
        frame.update(w=48, h=36)


def empty_list(content: dict[str, Any]) -> None:
    content["frames"] = []


def distorted(content: dict[str, Any]) -> None:
    content["k1"] = 0.2


def shuffled(content: dict[str, Any]) -> None:
    """Poses of another scene: far apart from each other."""
    for index, frame in enumerate(content["frames"]):
        frame["transform_matrix"][0][3] += 50.0 * index


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (no_size, "lacks w and h"),
        (no_focal, "lacks fl_x"),
        (opencv_axes, "axes"),
        (inverted, "invert|look away"),
        (scaled, "scaled by 3"),
        (mirrored, "mirrors"),
        (sheared, "not rigid"),
        (not_a_number, "NaN"),
        (missing_pictures, "4 of 6 pictures are missing"),
        (missing_masks, "4 of 6 masks are missing"),
        (twice, "twice"),
        (other_intrinsics, "another size"),
        (other_size, "cut or turned"),
        (empty_list, "no frames"),
        (shuffled, "overlap|look away"),
    ],
)
def test_a_broken_file_names_the_cause(tmp_path: Path, change: Callable[[dict[str, Any]], None], words: str):
    path = edit(write_scene(tmp_path, EGG), change)
    with pytest.raises(InputError, match=words):
        load_posed_images(path)


@pytest.mark.parametrize("change", [missing_pictures, missing_masks])
def test_a_few_missing_ones_are_left_out_with_a_note(tmp_path: Path, change):
    path = edit(write_scene(tmp_path, EGG), lambda content: change(content, 2))
    images = load_posed_images(path)
    assert len(images) == 4
    assert any("2 of 6" in warning and "left out" in warning for warning in images.warnings)


def test_bent_pictures_are_straightened_with_a_note(tmp_path: Path):
    images = load_posed_images(edit(write_scene(tmp_path, EGG), distorted))
    assert any("undistorted" in warning for warning in images.warnings)
    plain = load_posed_images(tmp_path / "transforms.json", ignore_distortion=True)
    assert not any((a == b).all() for a, b in zip(images.rgba, plain.rgba, strict=True))


def test_opencv_axes_can_be_said(tmp_path: Path):
    path = edit(write_scene(tmp_path, EGG), opencv_axes)
    images = load_posed_images(path, axes="opencv")
    np.testing.assert_allclose(
        images.cameras[2].camera_from_world, EGG.cameras[2].camera_from_world, atol=1e-9
    )


def test_broken_pictures_name_the_cause(tmp_path: Path):
    path = write_scene(tmp_path, EGG, masks=True)
    (tmp_path / "003.png").write_bytes(b"\x89PNG broken")
    with pytest.raises(InputError, match=r"003\.png.*not a picture"):
        load_posed_images(path)
    path = write_scene(tmp_path, EGG, masks=True)
    Image.fromarray(np.zeros((10, 12), np.uint8)).save(tmp_path / "002-mask.png")
    with pytest.raises(InputError, match="12 × 10"):
        load_posed_images(path)
    path = write_scene(tmp_path, EGG, masks=True)
    Image.fromarray(np.zeros((24, 24), np.uint8)).save(tmp_path / "002-mask.png")
    with pytest.raises(InputError, match=r"empty silhouette.*002"):
        load_posed_images(path)


def test_silhouettes_that_contradict_the_poses(tmp_path: Path):
    images = [np.zeros_like(rgba) for rgba in EGG.rgba]
    for index, image in enumerate(images):
        if index % 2:
            image[:4, :4] = 255
        else:
            image[-4:, -4:] = 255
    with pytest.raises(InputError, match="do not meet"):
        automatic_bounds(PosedImages.of(EGG.cameras, images), margin=0.05)


def test_pictures_of_half_the_stated_size_are_taken_with_a_note(tmp_path: Path):
    path = write_scene(tmp_path, EGG)

    def twice_as_large(content: dict[str, Any]) -> None:
        for frame in content["frames"]:
            for key in ("w", "h", "cx", "cy", "fl_x", "fl_y"):
                frame[key] *= 2

    images = load_posed_images(edit(path, twice_as_large))
    assert any("scaled" in warning for warning in images.warnings)
    np.testing.assert_allclose(images.cameras[0].intrinsics, EGG.cameras[0].intrinsics)


def test_a_wrong_picture_size_in_memory():
    with pytest.raises(ShapeError):
        PosedImages.of(EGG.cameras, [rgba[:-1] for rgba in EGG.rgba])


def test_reduced_pictures_show_the_same(tmp_path: Path):
    large = egg_scene(3, 48)
    small = large.reduced(24)
    for camera, rgba, true in zip(small.cameras, small.rgba, egg_scene(3, 24).rgba, strict=True):
        assert rgba.shape == (24, 24, 4)
        assert (camera.width_px, camera.height_px) == (24, 24)
        inside = (true[..., 3] == 255) & (rgba[..., 3] == 255)
        assert np.abs(rgba[inside].astype(int) - true[inside]).max() < 16
        assert np.abs(rgba[..., 3].astype(int) - true[..., 3]).mean() < 2
    point_m = np.array([[0.02, 0.05, -0.03]])
    # both (0, 0) corners of the pictures are the same point of the world: pixel centres shift by a quarter
    np.testing.assert_allclose(
        (large.cameras[0].project(point_m) + 0.5) / 2 - 0.5, small.cameras[0].project(point_m), atol=1e-9
    )


def test_splits_of_the_file_and_every_eighth(tmp_path: Path):
    def say(content: dict[str, Any]) -> None:
        paths = [frame["file_path"] for frame in content["frames"]]
        content.update(train_filenames=paths[:4], val_filenames=paths[4:5], test_filenames=paths[5:])

    train, held = load_posed_images(edit(write_scene(tmp_path, EGG), say)).split()
    assert (len(train), len(held or ())) == (4, 2)
    train, held = EGG.split(3)
    assert (len(train), len(held or ())) == (4, 2)
    assert EGG.split(0)[1] is None


def test_blender_splits_in_several_files(tmp_path: Path):
    path = write_scene(tmp_path, EGG)
    content = json.loads(path.read_text())
    for part, some in (("train", content["frames"][:4]), ("test", content["frames"][4:])):
        (tmp_path / f"transforms_{part}.json").write_text(json.dumps({**content, "frames": some}))
    path.unlink()
    train, held = load_posed_images(tmp_path).split()
    assert (len(train), len(held or ())) == (4, 2)


def test_the_box_holds_the_egg_and_little_more():
    bounds_m = automatic_bounds(egg_scene(12, 48), margin=0.05)
    assert (bounds_m[0] <= -RADII_M).all()
    assert (bounds_m[1] >= RADII_M).all()
    assert (np.abs(bounds_m) < 1.45 * RADII_M).all()


def test_the_box_without_silhouettes_is_what_the_cameras_see():
    images = PosedImages.of(EGG.cameras, [rgba[..., :3] for rgba in EGG.rgba])
    assert not images.has_masks
    bounds_m = automatic_bounds(images, margin=0.05)
    assert (bounds_m[0] <= -RADII_M).all()
    assert (bounds_m[1] >= RADII_M).all()
    assert (np.abs(bounds_m) < 0.3).all()


def test_depths_are_read_in_metres(tmp_path: Path):
    path = write_scene(tmp_path, EGG)
    np.save(tmp_path / "d.npy", np.full((24, 24), 600.0))
    Image.fromarray(np.full((24, 24), 700, np.uint16)).save(tmp_path / "d.png")

    def name(content: dict[str, Any]) -> None:
        content["frames"][0]["depth_file_path"] = "d.npy"
        content["frames"][1]["depth_file_path"] = "d.png"

    first, second, third, *_ = load_posed_images(edit(path, name)).depths_m
    assert first is not None
    assert second is not None
    assert third is None
    np.testing.assert_allclose(first, 0.6)
    np.testing.assert_allclose(second, 0.7)
