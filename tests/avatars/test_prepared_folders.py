"""Folders of others' trackers: pictures in the order of time, their own frames held out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mien.avatars.prepared_folders import is_prepared_folder, read_prepared_folder
from mien.avatars.vhap_files import write_vhap
from mien.errors import InputError
from mien.images.writing import write_image
from tests.avatars.talking_head import talking_head


def _pictures(folder: Path, names: list[str]) -> None:
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_image(folder / name, np.full((4, 4, 3), 20 * number, np.uint8))


def _write(path: Path, names: list[str], **more: object) -> None:
    path.write_text(json.dumps({"frames": [{"file_path": name, **more} for name in names], "fx": 1.0}))


def test_nerface_leaves_endings_out(tmp_path: Path):
    _pictures(tmp_path, ["train/f_0000.png", "train/f_0002.png", "train/f_0010.png", "test/f_0011.png"])
    _write(tmp_path / "transforms_train.json", ["./train/f_0010", "./train/f_0000", "./train/f_0002"])
    _write(tmp_path / "transforms_test.json", ["./test/f_0011"])
    found = read_prepared_folder(tmp_path)
    assert [path.name for path in found.pictures] == [f"f_{n:04d}.png" for n in (0, 2, 10, 11)]
    assert found.held_out.tolist() == [False, False, False, True]
    assert [int(image[0, 0, 0]) for image in found.images()] == [0, 20, 40, 60]


def test_imavatar_counts_without_zeros(tmp_path: Path):
    _pictures(tmp_path, ["image/1.png", "image/2.png", "image/10.png"])
    _write(tmp_path / "flame_params.json", ["./image/10", "./image/1", "./image/2"], expression=[0.0])
    found = read_prepared_folder(tmp_path)
    assert [path.stem for path in found.pictures] == ["1", "2", "10"]
    assert not found.held_out.any()


def test_one_camera_of_several(tmp_path: Path):
    _pictures(tmp_path, [f"images/{time:05d}_{camera:02d}.png" for time in range(3) for camera in range(2)])
    frames = [
        {"file_path": f"images/{time:05d}_{camera:02d}.png", "timestep_index": time, "camera_index": camera}
        for time in (2, 0, 1)
        for camera in range(2)
    ]
    (tmp_path / "transforms.json").write_text(json.dumps({"frames": frames}))
    found = read_prepared_folder(tmp_path)
    assert [path.name for path in found.pictures] == ["00000_00.png", "00001_00.png", "00002_00.png"]


def test_what_mien_writes_in_vhaps_layout_comes_back(tmp_path: Path):
    data = talking_head()
    found = read_prepared_folder(write_vhap(data, tmp_path / "vhap"))
    assert len(found) == len(data)
    assert found.held_out.tolist() == data.test.tolist()
    first = next(found.images())
    np.testing.assert_array_equal(first, data.rgba[0, ..., :3])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"frames": [{"file_path": "../secret.png"}]}', "outside"),
        ('{"frames": [{"file_path": "/etc/passwd"}]}', "outside"),
        ('{"frames": [{"file_path": "gone.png"}]}', "no such picture"),
        ('{"frames": [{"name": 3}]}', "file_path"),
        ('{"frames": {"file_path": "a"}}', "frames"),
        ("[1, 2]", "frames"),
        ("{", "frames"),
    ],
)
def test_damaged_folders_are_refused(content: str, message: str, tmp_path: Path):
    (tmp_path / "transforms_train.json").write_text(content)
    assert is_prepared_folder(tmp_path)
    with pytest.raises(InputError, match=message):
        read_prepared_folder(tmp_path)
    with pytest.raises(InputError, match="no folder of frames"):
        read_prepared_folder(tmp_path / "elsewhere")
