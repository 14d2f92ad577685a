"""Every way of storing a picture sideways and mirrored, and the cameras that belong to it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from mien.cameras import Camera
from mien.images.photo import read_photo
from mien.images.upright import Turn


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientations_are_pillows(tmp_path, orientation):
    pixels = np.random.default_rng(0).integers(0, 256, (7, 11, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    with Image.open(tmp_path / "turned.png") as opened:
        expected = np.array(ImageOps.exif_transpose(opened))
    photo = read_photo(tmp_path / "turned.png")
    np.testing.assert_array_equal(photo.image, expected)
    assert photo.turn.mirrors == (orientation in (2, 4, 5, 7))
    assert photo.turn.size_px(11, 7) == photo.image.shape[1::-1]


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_camera_of_stored_pixels_is_turned_with_them(orientation):
    """Points are seen at the same pixels of the picture, wherever those went."""
    turn = Turn.of_exif(orientation)
    pose = np.eye(4)
    pose[:3, 3] = 0.1, -0.2, 0.3
    stored = Camera(np.array([[50.0, 0, 4.2], [0, 52.0, 3.1], [0, 0, 1]]), pose, 11, 7)
    upright = turn.camera(stored)
    assert (upright.width_px, upright.height_px) == turn.size_px(11, 7)
    numbers = np.arange(77).reshape(7, 11)
    for row, column in ((0, 0), (2, 9), (6, 4)):
        ray = np.linalg.solve(stored.intrinsics, [column, row, 1.0])
        point_m = stored.world_from_camera[:3] @ np.append(2.0 * ray, 1)
        new_column, new_row = np.rint(upright.project(point_m)).astype(int)
        assert turn(numbers)[new_row, new_column] == numbers[row, column]
    assert np.linalg.det(upright.camera_from_world[:3, :3]) == pytest.approx(1)
    assert (np.diagonal(upright.intrinsics) > 0).all()


@pytest.mark.parametrize(
    ("matrix", "turn", "clockwise_deg"),
    [
        ([1, 0, 0, 0, 1, 0], Turn(), 0),
        ([0, 1, 0, -1, 0, 0], Turn.of_exif(6), 90),
        ([-1, 0, 0, 0, -1, 0], Turn.of_exif(3), 180),
        ([0, -1, 0, 1, 0, 0], Turn.of_exif(8), 270),
        ([-1, 0, 0, 0, 1, 0], Turn.of_exif(2), 0),
        ([1, 0, 0, 0, -1, 0], Turn.of_exif(4), 180),
        ([0, 1, 0, 1, 0, 0], Turn.of_exif(5), 90),
    ],
)
def test_display_matrices(matrix, turn, clockwise_deg):
    found = Turn.of_display_matrix([65536 * value for value in matrix] + [0, 0, 1 << 30])
    assert found == turn
    assert found.clockwise_deg == clockwise_deg
