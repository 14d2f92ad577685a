"""Prepared frames: the skull stands still, files come back as they were, damage is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.avatars.data_sheet import data_sheet
from mien.avatars.dataset_files import load_avatar_data, save_avatar_data
from mien.avatars.skull_frame import vertices_in_skull_m, world_from_skull
from mien.avatars.vhap_files import write_vhap
from mien.errors import InputError
from mien.heads.library import load_head
from mien.images.photo import read_image
from tests.avatars.talking_head import talking_head


def test_frames_come_back_as_they_were(tmp_path: Path):
    data = talking_head()
    back = load_avatar_data(save_avatar_data(data, tmp_path / "data"))
    for name in ("identity", "expression", "camera_from_skull", "intrinsics", "rgba", "known", "test"):
        np.testing.assert_array_equal(getattr(back, name), getattr(data, name))
    assert back.expression_names == data.expression_names
    train, held = back.split()
    assert (len(train), len(held)) == (8, 2)


def test_damage_is_told(tmp_path: Path):
    folder = save_avatar_data(talking_head(), tmp_path / "data")
    path = folder / "avatar_data.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "size_px": 33}))
    with pytest.raises(InputError, match="rgba"):
        load_avatar_data(folder)
    path.write_text(json.dumps({**document, "head_name": "another"}))
    with pytest.raises(InputError, match="another"):
        load_avatar_data(folder)
    broken = replace(talking_head(), expression=np.full_like(talking_head().expression, np.nan))
    with pytest.raises(InputError, match="expression"):
        load_avatar_data(save_avatar_data(broken, tmp_path / "nan"))


def test_the_skull_stands_still_while_neck_and_root_turn():
    head = load_head()
    rest = head.neutral()
    joints = np.zeros((4, 3))
    joints[0], joints[1] = [0.1, 0.2, 0.0], [0.0, -0.3, 0.1]
    moved = replace(
        rest,
        joint_rotations=joints,
        root_rotation=np.array([0.1, 0.5, 0.0]),
        root_translation_m=np.array([0.1, 0.0, -0.7]),
    )
    rigid = head.skinning_weights[:, 1] == 1
    still_m, turned_m = vertices_in_skull_m(head, rest), vertices_in_skull_m(head, moved)
    np.testing.assert_allclose(turned_m[rigid], still_m[rigid], atol=1e-6)
    assert np.abs(turned_m - still_m).max() > 0.005  # the neck goes the other way
    place = world_from_skull(head, moved)
    np.testing.assert_allclose(turned_m @ place[:3, :3].T + place[:3, 3], head.vertices_m(moved), atol=1e-9)


def test_vhap_layout_sees_what_the_frames_show(tmp_path: Path):
    data = talking_head()
    folder = write_vhap(data, tmp_path / "vhap")
    test = json.loads((folder / "transforms_test.json").read_text())
    train = json.loads((folder / "transforms_train.json").read_text())
    assert (len(train["frames"]), len(test["frames"])) == (8, 2)
    frame = test["frames"][0]
    vertices = [
        line.split()[1:] for line in (folder / frame["mesh_path"]).read_text().splitlines() if line[0] == "v"
    ]
    vertices_m = np.array(vertices, float)
    camera_from_world = np.linalg.inv(np.array(frame["transform_matrix"]))
    local = vertices_m @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]
    assert (local[:, 2] < 0).all()  # OpenGL's cameras look along -z
    x = frame["fl_x"] * local[:, 0] / -local[:, 2] + frame["cx"] - 0.5
    y = -frame["fl_y"] * local[:, 1] / -local[:, 2] + frame["cy"] - 0.5
    expected = data.camera(8).project(vertices_m)
    np.testing.assert_allclose(np.stack([x, y], axis=1), expected, atol=1e-6)
    picture = read_image(folder / frame["file_path"])
    np.testing.assert_array_equal(picture, data.rgba[8, ..., :3])


def test_sheet_shows_held_out_frames():
    sheet = data_sheet(talking_head(), count=4, cell_px=64)
    assert sheet.ndim == 3
    assert sheet.std() > 20
