"""The shipped lifting network on a photograph."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.geometry.alignment import align_similarity
from mien.images.photo import read_image
from mien.landmarks.landmarker import Landmarker
from mien.landmarks.region import region_from_points
from mien.landmarks.types import Landmarks2D
from mien.lifting.lifter import SHIPPED, LiftedFace, Lifter, find_lifting_network

PHOTO = Path(__file__).parents[2] / "examples" / "astronaut.jpg"


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return read_image(PHOTO)


@pytest.fixture(scope="module")
def seen(image: np.ndarray) -> Landmarks2D:
    return Landmarker("realtime")(image, max_faces=1)[0]


@pytest.fixture(scope="module")
def lifter() -> Lifter:
    return Lifter()


@pytest.fixture(scope="module")
def face(image: np.ndarray, seen: Landmarks2D, lifter: Lifter) -> LiftedFace:
    return lifter(image, seen)


def shape_apart_mm(first_m: np.ndarray, second_m: np.ndarray) -> float:
    laid_m = align_similarity(first_m, second_m).apply(first_m)
    return 1000 * float(np.linalg.norm(laid_m - second_m, axis=1).mean())


def test_landmarks_lie_where_the_2d_network_sees_them(face: LiftedFace, seen: Landmarks2D):
    expected_px = seen.to("wflw98").points_px
    size_px = np.sqrt(np.prod(np.ptp(expected_px, axis=0)))
    away = np.linalg.norm(face.points_px - expected_px, axis=1) / size_px
    assert away.mean() < 0.035
    # they are the projection of the 3D ones
    projected_px = face.region.to_picture(face.camera.project(face.points_m), face.camera.width_px)
    np.testing.assert_allclose(projected_px, face.points_px, atol=0.02 * size_px)


def test_a_person_is_as_large_as_people_are_and_every_covariance_is_one(face: LiftedFace):
    eyes_m = np.linalg.norm(face.points_m[60] - face.points_m[72])
    assert 0.075 < eyes_m < 0.11
    assert face.points_m[54, 2] > face.points_m[[60, 72], 2].mean() + 0.015  # the nose is before the eyes
    assert face.points_m[60, 0] < 0 < face.points_m[72, 0]  # +x is the subject's left
    assert (np.linalg.eigvalsh(face.covariance_px) > 0).all()
    np.testing.assert_allclose(face.covariance_px, face.covariance_px.transpose(0, 2, 1), atol=1e-9)


def test_a_mirrored_picture_has_the_mirrored_face(
    image: np.ndarray, seen: Landmarks2D, lifter: Lifter, face: LiftedFace
):
    from mien.heads.landmark_sets import mirror_indices

    assert lifter.both_ways
    region = region_from_points(seen.points_px, seen.set_name)
    centre_px = np.array([image.shape[1] - 1 - region.center_px[0], region.center_px[1]])
    there = replace(region, center_px=centre_px, roll_rad=-region.roll_rad)
    other = lifter.in_region(np.ascontiguousarray(image[:, ::-1]), there)
    mirror = mirror_indices("wflw98")
    assert shape_apart_mm(other.points_m[mirror] * [-1, 1, 1], face.points_m) < 0.2
    expected_px = face.points_px * [-1, 1] + [image.shape[1] - 1, 0]
    np.testing.assert_allclose(other.points_px[mirror], expected_px, atol=0.01 * region.side_px)


def test_a_rolled_region_shows_the_same_face(image: np.ndarray, seen: Landmarks2D, face: LiftedFace):
    once = Lifter(both_ways=False)
    region = region_from_points(seen.points_px, seen.set_name)
    rolled = once.in_region(image, replace(region, roll_rad=region.roll_rad + np.radians(12)))
    plain = once.in_region(image, region)
    assert shape_apart_mm(rolled.points_m, plain.points_m) < 2.0
    assert np.linalg.norm(rolled.points_px - plain.points_px, axis=1).mean() < 0.02 * region.side_px
    assert rolled.yaw_pitch_roll_rad[2] == pytest.approx(plain.yaw_pitch_roll_rad[2], abs=np.radians(3))


def test_the_shipped_network_is_small_and_says_what_it_is():
    path = find_lifting_network("lifting")
    assert path.parent == SHIPPED
    assert path.stat().st_size < 25e6
    card = Lifter().card.values
    assert card["licence"] == "Apache-2.0"
    assert "no photographs of people" in card["training_data"]["kind"]
    assert all("source" in encoder for encoder in card["encoders"])


def test_a_network_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(InputError, match="no such lifting network"):
        Lifter(tmp_path / "mine.onnx")
