"""Each format written from mien's cameras by its own documented convention comes back as the same cameras."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mien.camera_files.reading import read_cameras
from mien.cameras import Camera
from mien.errors import InputError

SCALE = 0.25
"""Metres per unit of the files' worlds."""


def cameras() -> list[Camera]:
    found = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        pose = np.eye(4)
        pose[:3, :3] = Rotation.from_rotvec(rng.normal(size=3)).as_matrix()
        pose[:3, 3] = rng.normal(size=3)
        intrinsics = np.array([[700.0 + seed, 0, 310.25], [0, 690.0, 244.75], [0, 0, 1]])
        found.append(Camera(intrinsics, pose, 640, 480))
    return found


def write_colmap(folder: Path) -> Path:
    folder.mkdir()
    lenses, images = ["# Camera list"], ["# Image list"]
    for index, camera in enumerate(cameras()):
        k, pose = camera.intrinsics, camera.camera_from_world
        lenses.append(f"{index + 1} PINHOLE 640 480 {k[0, 0]} {k[1, 1]} {k[0, 2] + 0.5} {k[1, 2] + 0.5}")
        x, y, z, w = Rotation.from_matrix(pose[:3, :3]).as_quat()
        shift = " ".join(repr(float(value)) for value in pose[:3, 3] / SCALE)
        images += [f"{index + 1} {w!r} {x!r} {y!r} {z!r} {shift} {index + 1} {index}.jpg", ""]
    (folder / "cameras.txt").write_text("\n".join(lenses) + "\n")
    (folder / "images.txt").write_text("\n".join(images).replace("np.float64(", "").replace(")", "") + "\n")
    return folder


def write_transforms(folder: Path) -> Path:
    folder.mkdir()
    frames = []
    for index, camera in enumerate(cameras()):
        world_from_camera = camera.world_from_camera @ np.diag([1.0, -1.0, -1.0, 1.0])
        world_from_camera[:3, 3] /= SCALE
        k = camera.intrinsics
        frames.append({
            "file_path": f"{index}.jpg", "transform_matrix": world_from_camera.tolist(),
            "fl_x": k[0, 0], "fl_y": k[1, 1], "cx": k[0, 2] + 0.5, "cy": k[1, 2] + 0.5,
        })  # fmt: skip
    (folder / "transforms.json").write_text(
        json.dumps({"camera_model": "OPENCV", "w": 640, "h": 480, "k1": 0.0, "frames": frames})
    )
    return folder / "transforms.json"


def write_opencv(path: Path) -> Path:
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    storage.startWriteStruct("names", cv2.FileNode_SEQ)
    for index in range(3):
        storage.write("", f"c{index}")
    storage.endWriteStruct()
    storage.write("image_width", 640)
    storage.write("image_height", 480)
    for index, camera in enumerate(cameras()):
        storage.write(f"K_c{index}", camera.intrinsics)
        storage.write(f"dist_c{index}", np.zeros((1, 5)))
        rotation = camera.camera_from_world[:3, :3]
        # both ways that calibrations are written
        storage.write(f"R_c{index}", cv2.Rodrigues(rotation)[0] if index == 1 else rotation)
        storage.write(f"T_c{index}", camera.camera_from_world[:3, 3:] / SCALE)
        storage.write(f"image_path_c{index}", f"{index}.jpg")
    storage.release()
    return path


WRITERS = {
    "colmap": lambda folder: write_colmap(folder / "sparse"),
    "transforms": lambda folder: write_transforms(folder / "scene"),
    "opencv yml": lambda folder: write_opencv(folder / "rig.yml"),
    "opencv json": lambda folder: write_opencv(folder / "rig.json"),
    "opencv xml": lambda folder: write_opencv(folder / "rig.xml"),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_round_trip(tmp_path: Path, kind: str):
    path = WRITERS[kind](tmp_path)
    found = read_cameras(path, metres_per_unit=SCALE)
    assert len(found) == 3
    for index, (picture, camera) in enumerate(zip(found, cameras(), strict=True)):
        np.testing.assert_allclose(picture.camera.intrinsics, camera.intrinsics, atol=1e-9)
        np.testing.assert_allclose(picture.camera.camera_from_world, camera.camera_from_world, atol=1e-9)
        assert (picture.camera.width_px, picture.camera.height_px) == (640, 480)
        assert picture.path is not None
        assert picture.path.name == f"{index}.jpg"


def test_nerf_without_principal_point_looks_through_the_middle(tmp_path: Path):
    pose = np.eye(4)
    pose[2, 3] = 2.0
    content = {
        "camera_angle_x": 0.8, "w": 400, "h": 300,
        "frames": [{"file_path": "a", "transform_matrix": pose.tolist()}],
    }  # fmt: skip
    path = tmp_path / "transforms_train.json"
    path.write_text(json.dumps(content))
    camera = read_cameras(path)[0].camera
    # an OpenGL camera at z = 2 looks down −z at the origin; the middle of 400 pixels is 199.5
    np.testing.assert_allclose(camera.project(np.zeros((1, 3))), [[199.5, 149.5]])
    # +x of the world is right in the picture, +y up; the half field of view reaches the border, -0.5
    edge = camera.project(np.array([[-2 * np.tan(0.4), 0.5, 0.0]]))[0]
    assert edge[0] == pytest.approx(-0.5)
    assert edge[1] < 149.5


@pytest.mark.parametrize("kind", ["colmap", "transforms"])
def test_distortion_is_refused_unless_ignored(tmp_path: Path, kind: str):
    path = WRITERS[kind](tmp_path)
    if kind == "colmap":
        text = (path / "cameras.txt").read_text().replace(" PINHOLE ", " OPENCV ").splitlines()
        (path / "cameras.txt").write_text("\n".join(line + " 0.1 0 0 0" for line in text))
    else:
        path.write_text(path.read_text().replace('"k1": 0.0', '"k1": 0.1'))
    with pytest.raises(InputError, match="distortion"):
        read_cameras(path)
    assert len(read_cameras(path, ignore_distortion=True)) == 3


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("transforms.json", '{"frames": [{"file_path": "a.png"}]}'),
        ("transforms.json", '{"frames": '),
        ("transforms.json", '{"frames": [{"transform_matrix": [[1]], "fl_x": 1, "w": 2, "h": 2}]}'),
        ("rig.yml", "%YAML:1.0\n---\nimage_width: 3\n"),
        ("rig.yml", ""),
        ("cameras.csv", "1,2"),
        ("images.txt", "1 2 3"),
    ],
)
def test_broken_files(tmp_path: Path, name: str, content: str):
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError):
        read_cameras(tmp_path if name == "images.txt" else tmp_path / name)
