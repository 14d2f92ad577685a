"""Lenses that OpenCV can undo: a straight line is straight again, where the pinhole's camera says."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.camera_files.lens import undistorting_camera
from mien.camera_files.options import CameraFileOptions
from mien.camera_files.reading import read_camera_file, read_cameras
from mien.cameras import Camera
from mien.errors import InputError

SIZE = 200, 160
CAMERA = Camera.from_focal(150.0, width_px=SIZE[0], height_px=SIZE[1])
LENSES = {
    "SIMPLE_RADIAL": ("perspective", [-0.2], "150 100 80 -0.2"),
    "RADIAL": ("perspective", [-0.2, 0.05], "150 100 80 -0.2 0.05"),
    "OPENCV": ("perspective", [-0.2, 0.05, 0.01, -0.01], "150 150 100 80 -0.2 0.05 0.01 -0.01"),
    "FULL_OPENCV": (
        "perspective",
        [-0.2, 0.05, 0.01, -0.01, 0, 0, 0, 0],
        "150 150 100 80 -0.2 0.05 0.01 -0.01 0 0 0 0",
    ),
    "OPENCV_FISHEYE": ("fisheye", [0.1, 0.01, 0, 0], "150 150 100 80 0.1 0.01 0 0"),
    "SIMPLE_RADIAL_FISHEYE": ("fisheye", [0.1, 0, 0, 0], "150 100 80 0.1"),
    "RADIAL_FISHEYE": ("fisheye", [0.1, 0.01, 0, 0], "150 100 80 0.1 0.01"),
}


def model(folder: Path, kind: str, numbers: str) -> Path:
    (folder / "cameras.txt").write_text(f"1 {kind} {SIZE[0]} {SIZE[1]} {numbers}\n")
    (folder / "images.txt").write_text("1 1 0 0 0 0 0 0 1 a.png\n\n")
    return folder


def seen_by(projection: str, terms: list[float], points_m: np.ndarray) -> np.ndarray:
    """Where the lens itself shows points."""
    k, zero = CAMERA.intrinsics, np.zeros(3)
    if projection == "fisheye":
        return cv2.fisheye.projectPoints(points_m[None], zero, zero, k, np.array(terms))[0][0]
    return cv2.projectPoints(points_m, zero, zero, k, np.array([*terms, 0, 0, 0])[: max(4, len(terms))])[0][
        :, 0
    ]


@pytest.mark.parametrize("kind", LENSES)
def test_dots_come_to_lie_where_the_pinhole_sees_them(tmp_path: Path, kind: str):
    projection, terms, numbers = LENSES[kind]
    (picture,) = read_camera_file(model(tmp_path, kind, numbers), CameraFileOptions(lenses="undistort"))
    assert picture.lens is not None
    points_m = np.array([[x, y, 1.0] for x in (-0.35, 0.0, 0.3) for y in (-0.25, 0.05, 0.25)])
    for point_m, bent_px in zip(points_m, seen_by(projection, terms, points_m), strict=True):
        rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
        blob = np.exp(-((columns - bent_px[0]) ** 2 + (rows - bent_px[1]) ** 2) / 18)
        straight = picture.lens.undistorted(np.float32(blob), picture.camera)
        mass = straight / straight.sum()
        middle = np.array([(mass * columns).sum(), (mass * rows).sum()])
        np.testing.assert_allclose(middle, picture.camera.project(point_m[None])[0], atol=0.35)


@pytest.mark.parametrize("kind", LENSES)
def test_the_undistorted_picture_is_full(tmp_path: Path, kind: str):
    (picture,) = read_camera_file(
        model(tmp_path, kind, LENSES[kind][2]), CameraFileOptions(lenses="undistort")
    )
    assert picture.lens is not None
    for scale in (1, 2):
        white = np.full((scale * SIZE[1], scale * SIZE[0], 4), 255, np.uint8)
        camera = picture.camera.resized(width_px=scale * SIZE[0], height_px=scale * SIZE[1])
        straight = picture.lens.undistorted(white, camera)
        assert straight.shape == white.shape
        assert (straight[2:-2, 2:-2] == 255).all()


@pytest.mark.parametrize("kind", LENSES)
def test_who_takes_pinholes_alone_is_told(tmp_path: Path, kind: str):
    model(tmp_path, kind, LENSES[kind][2])
    with pytest.raises(InputError, match=r"distortion|no pinhole"):
        read_cameras(tmp_path)
    (ignored,) = read_cameras(tmp_path, ignore_distortion=True)
    assert ignored.lens is None
    assert ignored.camera.focal_px == 150


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [("FOV", "150 150 100 80 0.9"), ("THIN_PRISM_FISHEYE", "150 150 100 80 0 0 0 0 0 0 0 0")],
)
def test_what_opencv_cannot_undo_is_refused_by_name(tmp_path: Path, kind: str, numbers: str):
    with pytest.raises(InputError, match=kind):
        read_camera_file(model(tmp_path, kind, numbers), CameraFileOptions(lenses="undistort"))


@pytest.mark.parametrize("terms", [[float("nan"), 0, 0, 0], [1e9, 0, 0, 0], [-50.0, 0, 0, 0]])
def test_terms_that_cannot_be(terms: list[float]):
    with pytest.raises(InputError, match="lens"):
        undistorting_camera("perspective", terms, CAMERA, source="f", name="a")
