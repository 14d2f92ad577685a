"""The networks that are installed with mien, on pictures: all sizes and rolls, and none where no face is."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mien.images.photo import read_image
from mien.landmarks.landmarker import Landmarker
from mien.landmarks.networks import SHIPPED
from mien.landmarks.region import Region, region_from_points

PHOTO = Path(__file__).parents[2] / "examples" / "astronaut.jpg"
MISSING = [name for name in ("realtime", "search") if not (SHIPPED / f"{name}.onnx").is_file()]

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"networks not trained yet: {', '.join(MISSING)}")


@pytest.fixture(scope="module")
def landmarker():
    return Landmarker()


@pytest.fixture(scope="module")
def photo():
    return read_image(PHOTO)


@pytest.fixture(scope="module")
def face(landmarker, photo):
    (face,) = landmarker(photo)
    return face


def _differs_by(found, expected_px, side_px):
    """Mean distance of the face's points over the region's side."""
    return float(np.linalg.norm(found.points_px - expected_px, axis=1).mean()) / side_px


def _warped(image, matrix, size):
    return np.asarray(cv2.warpAffine(image, matrix, size, flags=cv2.INTER_AREA, borderValue=(120, 120, 120)))


def test_the_example_shows_one_upright_face(face, photo):
    region = region_from_points(face.points_px, face.set_name)
    assert face.score > 0.5
    assert abs(region.roll_rad) < 0.35
    # the astronaut's face lies in the upper middle of the portrait
    share = region.center_px / [photo.shape[1], photo.shape[0]]
    assert 0.35 < share[0] < 0.55
    assert 0.12 < share[1] < 0.35


@pytest.mark.parametrize("degrees", [-45, -25, 25, 45])
def test_a_rolled_face_is_found_where_it_is(landmarker, photo, face, degrees):
    height, width = photo.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 3), degrees, 0.8)
    found = landmarker(_warped(photo, matrix, (width, height)))
    expected_px = face.points_px @ matrix[:, :2].T + matrix[:, 2]
    side_px = region_from_points(expected_px, face.set_name).side_px
    assert found
    assert _differs_by(found[0], expected_px, side_px) < 0.06


@pytest.mark.parametrize("chin_to_brow_px", [40, 80, 300])
def test_faces_from_forty_pixels_up(landmarker, photo, face, chin_to_brow_px):
    contour_px = face.to("ibug68").points_px
    chin_to_brow = np.linalg.norm(contour_px[8] - contour_px[17:27].mean(axis=0))
    scale = chin_to_brow_px / chin_to_brow
    region = region_from_points(face.points_px, face.set_name)
    window = Region(region.center_px, 900 / scale, 0.0)
    found = landmarker(window.crop(photo, 900))
    expected_px = window.to_crop(face.points_px, 900)
    assert found
    assert min(_differs_by(each, expected_px, region.side_px * scale) for each in found) < 0.06


def test_following_agrees_with_searching(landmarker, photo, face):
    moved = _warped(photo, np.array([[1.0, 0, 6], [0, 1, -4]]), (photo.shape[1], photo.shape[0]))
    followed = landmarker.track(moved, face)
    side_px = region_from_points(face.points_px, face.set_name).side_px
    assert followed is not None
    assert _differs_by(followed, face.points_px + [6, -4], side_px) < 0.02
    assert landmarker.track(np.full_like(photo, 90), face) is None


@pytest.mark.parametrize(
    "name", ["coffee", "chelsea", "rocket", "brick", "grass", "coins", "page", "clock", "moon"]
)
def test_no_face_where_none_is(landmarker, name):
    data = pytest.importorskip("skimage.data", reason="scikit-image's pictures are not installed")
    path = Path(data.__file__).parent
    files = [*path.glob(f"{name}.*"), *path.glob(f"{name}_*.*")]
    pictures = [file for file in files if file.suffix in (".png", ".jpg", ".jpeg", ".tif")]
    if not pictures:
        pytest.skip(f"this version of scikit-image does not ship {name}")
    assert landmarker(read_image(pictures[0])) == []


def test_noise_and_flat_color_show_no_face(landmarker):
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    assert landmarker(noise) == []
    assert landmarker(np.full((300, 400, 3), 200, np.uint8)) == []
