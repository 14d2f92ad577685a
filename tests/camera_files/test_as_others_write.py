"""Files of cameras as other programs write them, and the paths in them."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mien.camera_files.options import CameraFileOptions
from mien.camera_files.reading import read_camera_file, read_cameras
from mien.errors import InputError
from mien.images.writing import write_image

NAMES = [f"{index}.png" for index in range(3)]


def poses() -> list[np.ndarray]:
    """(4, 4) camera from world."""
    found = []
    for index in range(3):
        pose = np.eye(4)
        pose[:3, :3] = Rotation.from_euler("y", 40 * index, degrees=True).as_matrix()
        pose[:3, 3] = [0.1 * index, 0.0, 1.0]
        found.append(pose)
    return found


def images_text(*, points: str = "\n", end: str = "") -> str:
    lines = ["# Image list\n"]
    for index, pose in enumerate(poses()):
        x, y, z, w = Rotation.from_matrix(pose[:3, :3]).as_quat().tolist()
        numbers = " ".join(map(repr, [w, x, y, z, *pose[:3, 3].tolist()]))
        lines.append(f"{index + 1} {numbers} 1 {NAMES[index]}\n{points}")
    return "".join(lines) + end


def write_text_model(folder: Path, camera: str = "PINHOLE 64 48 80 81 32 24", **how: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cameras.txt").write_text(f"# Camera list\n1 {camera}\n")
    (folder / "images.txt").write_text(images_text(**how))


def write_binary_model(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cameras.bin").write_bytes(struct.pack("<QiiQQ4d", 1, 1, 1, 64, 48, 80, 81, 32, 24))
    content = struct.pack("<Q", 3)
    for index, pose in enumerate(poses()):
        x, y, z, w = Rotation.from_matrix(pose[:3, :3]).as_quat().tolist()
        content += struct.pack("<I7di", index + 1, w, x, y, z, *pose[:3, 3].tolist(), 1)
        content += NAMES[index].encode() + b"\0" + struct.pack("<Q2dq", 1, 3.0, 4.0, -1)
    (folder / "images.bin").write_bytes(content)


def write_pictures(folder: Path, names: list[str] = NAMES) -> None:
    for name in names:
        write_image(folder / name, np.zeros((48, 64, 3), np.uint8))


def check(found: list) -> None:
    assert [picture.name for picture in found] == NAMES
    for picture, pose in zip(found, poses(), strict=True):
        np.testing.assert_allclose(picture.camera.camera_from_world, pose, atol=1e-12)
        np.testing.assert_allclose(picture.camera.intrinsics, [[80, 0, 31.5], [0, 81, 23.5], [0, 0, 1]])
        assert picture.path.is_file()


@pytest.mark.parametrize("write", [write_text_model, write_binary_model])
@pytest.mark.parametrize("named", [".", "sparse/0", "sparse/0/cameras"])
def test_colmaps_own_folders(tmp_path: Path, write: Callable[[Path], None], named: str):
    write(tmp_path / "sparse" / "0")
    write_pictures(tmp_path / "images")
    suffix = ".txt" if write is write_text_model else ".bin"
    check(read_cameras(tmp_path / (named + suffix if named.endswith("cameras") else named)))


@pytest.mark.parametrize(
    "how",
    [
        {"points": ""},
        {"end": "\n"},
        {"end": "\n\n"},
        {"points": "3.5 4.5 -1 3 4 17\n"},
        {"points": "", "end": "\n"},
    ],
    ids=["no second lines", "a blank line more", "two", "points", "both"],
)
def test_second_lines(tmp_path: Path, how: dict[str, str]):
    write_text_model(tmp_path, **how)
    write_pictures(tmp_path)
    check(read_cameras(tmp_path))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda b: b[:-1], "too early|claims"),
        (lambda b: struct.pack("<Q", 2**60) + b[8:], "claims"),
        (lambda b: b + b"\0", "goes on"),
        (lambda b: b.replace(b"0.png\0", b"0.pngg"), "."),
    ],
)
def test_damaged_binary_models(tmp_path: Path, change: Callable[[bytes], bytes], words: str):
    write_binary_model(tmp_path)
    path = tmp_path / "images.bin"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(InputError, match=words):
        read_cameras(tmp_path)


@pytest.mark.parametrize(
    "camera",
    [
        "PINHOLE 64 48 nan 81 32 24",
        "PINHOLE 64 48 -80 81 32 24",
        "PINHOLE 64 48 80",
        "SPHERE 64 48 80 81 32 24",
        "PINHOLE x 48 80 81 32 24",
        "PINHOLE 0 48 80 81 32 24",
    ],
)
def test_cameras_that_are_none(tmp_path: Path, camera: str):
    write_text_model(tmp_path, camera)
    with pytest.raises(InputError):
        read_cameras(tmp_path)


def transforms(folder: Path, change: Callable[[dict[str, Any]], None] = lambda _: None) -> Path:
    frames = []
    for name, pose in zip(NAMES, poses(), strict=True):
        world = np.linalg.inv(pose) @ np.diag([1.0, -1.0, -1.0, 1.0])
        frames.append({"file_path": f"images/{name}", "transform_matrix": world.tolist()})
    content: dict[str, Any] = {"fl_x": 80, "fl_y": 81, "cx": 32, "cy": 24, "w": 64, "h": 48, "frames": frames}
    change(content)
    (folder / "transforms.json").write_text(json.dumps(content))
    return folder / "transforms.json"


def renamed(new: Callable[[str], str]) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        for frame in content["frames"]:
            frame["file_path"] = new(frame["file_path"])

    return change


@pytest.mark.parametrize(
    ("names", "new"),
    [
        (NAMES, lambda name: name.replace("/", "\\")),
        (NAMES, lambda name: f".\\{name}".replace("/", "\\")),
        (NAMES, lambda name: f"./{name}"),
        (NAMES, lambda name: name.removesuffix(".png")),
        ([name.upper() for name in NAMES], lambda name: name.removesuffix(".png")),
        ([name.replace(".png", ".webp") for name in NAMES], lambda name: name.removesuffix(".png")),
        ([f"r_0.0{name}" for name in NAMES], lambda name: f"images/r_0.0{name[7]}"),
    ],
    ids=["windows", "windows below here", "below here", "no suffix", "PNG", "webp", "dots"],
)
def test_names_of_pictures(tmp_path: Path, names: list[str], new: Callable[[str], str]):
    write_pictures(tmp_path / "images", names)
    found = read_cameras(transforms(tmp_path, renamed(new)))
    assert [picture.path.name for picture in found] == names
    assert all(picture.path.is_file() for picture in found)


def test_a_name_with_a_backslash_may_be_a_name(tmp_path: Path):
    write_pictures(tmp_path, ["a\\b.png"])
    found = read_cameras(transforms(tmp_path, renamed(lambda _: "a\\b.png")))
    assert found[0].path.is_file()


@pytest.mark.parametrize(
    "name", ["../0.png", "images/../../0.png", "/etc/passwd", "C:\\Users\\0.png", "..\\0.png"]
)
def test_pictures_stay_inside_unless_asked(tmp_path: Path, name: str):
    folder = tmp_path / "scene"
    folder.mkdir()
    write_pictures(tmp_path)
    path = transforms(folder, renamed(lambda _: name))
    with pytest.raises(InputError, match="outside its folder"):
        read_cameras(path)
    assert len(read_cameras(path, paths_outside=True)) == 3


@pytest.mark.parametrize("name", [None, 3, "", "a\0b", ["a"], "n" * 3000, "\ud800.png", "ä" * 200])
@pytest.mark.parametrize("key", ["file_path", "mask_path", "depth_file_path"])
def test_names_that_are_none(tmp_path: Path, name: Any, key: str):
    def change(content: dict[str, Any]) -> None:
        for frame in content["frames"]:
            frame[key] = name

    path = transforms(tmp_path, change)
    if name is None or (name == "" and key != "file_path"):
        assert len(read_cameras(path)) == 3  # as good as missing
    else:
        with pytest.raises(InputError, match="cannot be"):
            read_cameras(path)


def test_null_is_as_good_as_missing(tmp_path: Path):
    path = transforms(tmp_path, lambda content: content.update(k1=None, camera_model=None, fl_y=None))
    assert read_cameras(path)[0].camera.intrinsics[1, 1] == 80


@pytest.mark.parametrize(
    ("angles", "fy"),
    [((0.8, 0.6), 24 / np.tan(0.3)), ((None, 0.6), 24 / np.tan(0.3)), ((0.8, None), 32 / np.tan(0.4))],
)
def test_angles_of_view(tmp_path: Path, angles: tuple[float | None, float | None], fy: float):
    def change(content: dict[str, Any]) -> None:
        del content["fl_x"], content["fl_y"]
        content.update(camera_angle_x=angles[0], camera_angle_y=angles[1])

    assert read_cameras(transforms(tmp_path, change))[0].camera.intrinsics[1, 1] == pytest.approx(fy)


@pytest.mark.parametrize(
    "change",
    [
        {"fl_x": 0},
        {"fl_x": -1},
        {"fl_x": "80"},
        {"fl_x": float("nan")},
        {"w": -1},
        {"w": 63.5},
        {"w": 10**9},
        {"w": True},
        {"cx": [1]},
        {"k1": "x"},
        {"k1": 1e400},
        {"transform_matrix": 3},
        {"transform_matrix": [[1] * 4] * 5},
        {"transform_matrix": [[1e300] * 4] * 4},
        {"camera_model": 3},
        {"depth_unit_scale_factor": "mm"},
    ],
)
def test_values_that_are_none(tmp_path: Path, change: dict[str, Any]):
    path = transforms(
        tmp_path, lambda content: [frame.update(change) for frame in content["frames"]] and None
    )
    with pytest.raises(InputError, match=r"transforms\.json"):
        read_cameras(path)


def test_names_reach_no_terminal_as_commands(tmp_path: Path):
    path = transforms(tmp_path, renamed(lambda _: "\ud800\x1b[31mred\u202e.png"))
    content = json.loads(path.read_text())
    content["frames"][1]["transform_matrix"] = [[0.0] * 4] * 4
    path.write_text(json.dumps(content))
    with pytest.raises(InputError) as caught:
        read_cameras(path)
    message = str(caught.value)
    assert "red" in message
    assert not {"\x1b", "\u202e", "\ud800"} & set(message)
    message.encode("utf-8")


def storage(path: Path) -> Path:
    file = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    file.write("image_width", 640)
    file.write("image_height", 480)
    file.write("camera_matrix", np.array([[700.0, 0, 320], [0, 701, 240], [0, 0, 1]]))
    file.write("R", np.eye(3))
    file.write("T", np.array([[1e-12], [-0.5], [2.0]]))
    file.write("image_path", "a b & <c>.png")
    file.release()
    return path


@pytest.mark.parametrize("suffix", [".xml", ".yml", ".json"])
def test_one_camera_of_opencv(tmp_path: Path, suffix: str):
    (found,) = read_cameras(storage(tmp_path / f"rig{suffix}"))
    assert found.camera.intrinsics[1, 1] == 701
    np.testing.assert_array_equal(found.camera.camera_from_world[:3, 3], [1e-12, -0.5, 2.0])
    assert found.path.name == "a b & <c>.png"


def test_yaml_by_hand(tmp_path: Path):
    (tmp_path / "rig.yaml").write_text(
        "# of our rig\nimage_width: 640   # pixels\nimage_height: 480\n"
        "camera_matrix:\n  - [700, 0, 320]\n  - [0, 701, 240]\n  - [0, 0, 1]\n"
        "R: [0.0, 0.0,\n    0.0]\n'T': [0, 0, 1]\n"
    )
    (found,) = read_cameras(tmp_path / "rig.yaml")
    np.testing.assert_array_equal(found.camera.intrinsics, [[700, 0, 320], [0, 701, 240], [0, 0, 1]])


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".xml", "<opencv_storage>" + "<a>" * 28_000 + "</a>" * 28_000 + "</opencv_storage>"),
        (".xml", "<opencv_storage><a>3</b></opencv_storage>"),
        (".xml", '<!DOCTYPE a [<!ENTITY b "c">]><opencv_storage>&b;</opencv_storage>'),
        (".json", '{"a":' * 28_000),
        (".yml", "%YAML:1.0\n---\na: " + "[" * 28_000),
        (".yml", "%YAML:1.0\n---\n" + "".join(" " * k + "a:\n" for k in range(5000))),
        (".yml", "- " * 5000),
        (".yml", "%YAML:1.0\n---\na: [ 1, 2"),
        (".yml", "a: !!opencv-matrix\n  rows: 100000\n  cols: 100000\n  dt: d\n  data: [ 1 ]\n"),
        (
            ".yml",
            "image_width: .Nan\nimage_height: 480\ncamera_matrix: [[.Inf, 0, 1], [0, 1, 1], [0, 0, 1]]\n",
        ),
    ],
)
def test_storage_that_crashes_opencv(tmp_path: Path, suffix: str, text: str):
    (tmp_path / f"rig{suffix}").write_text(text)
    with pytest.raises(InputError):
        read_cameras(tmp_path / f"rig{suffix}")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"camera_model": "EQUIRECTANGULAR"}, "EQUIRECTANGULAR"),
        ({"camera_model": "ORTHOPHOTO"}, "ORTHOPHOTO"),
        ({"camera_model": "FISHEYE624"}, "FISHEYE624"),
        ({"ftheta_p0": 0.1}, "ftheta"),
        ({"is_fisheye": True, "k1": 0, "k2": 0}, "without the terms"),
        ({"camera_model": "OPENCV_FISHEYE"}, "without the terms"),
        ({"k1": 0.1, "k4": 0.1}, "k4"),
    ],
    ids=str,
)
@pytest.mark.parametrize("everywhere", [True, False])
def test_lenses_that_are_no_pinholes_are_refused_by_name(
    tmp_path: Path, change: dict[str, Any], words: str, everywhere: bool
):
    path = transforms(
        tmp_path, lambda content: (content if everywhere else content["frames"][0]).update(change)
    )
    with pytest.raises(InputError, match=words):
        read_camera_file(path, CameraFileOptions(lenses="undistort"))


@pytest.mark.parametrize("change", [{"k1": -0.1, "p1": 0.01}, {"is_fisheye": True, "k1": 0.05}])
def test_lenses_that_can_be_undone(tmp_path: Path, change: dict[str, Any]):
    path = transforms(tmp_path, lambda content: content.update(change))
    found = read_camera_file(path, CameraFileOptions(lenses="undistort"))
    assert all(picture.lens is not None for picture in found)
    with pytest.raises(InputError, match="pinholes"):
        read_cameras(path)
