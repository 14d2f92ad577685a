"""The shipped networks on a head without looks: landmarks move with the field, and no head is no head."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

import mien
from mien.errors import InputError
from mien.field_landmarks.predict import FieldLandmarker, SearchConfig
from mien.field_landmarks.sources import GridField
from mien.field_landmarks.types import Landmarks3D
from mien.field_landmarks.weights import SHIPPED
from mien.field_landmarks.writing import read_landmarks, write_landmarks, write_ply
from mien.geometry.rotations import matrix_from_rotation_vector
from tests.field_landmarks.known_fields import BlobField, MovedField, head_field


@dataclass(frozen=True)
class Found:
    source: GridField
    truth_m: np.ndarray
    landmarks: Landmarks3D


@pytest.fixture(scope="module")
def found() -> Found:
    source, truth_m = head_field()
    return Found(source, truth_m, mien.field_landmarks(source))


def mean_mm(a: np.ndarray, b: np.ndarray) -> float:
    return float(1000 * np.linalg.norm(a - b, axis=1).mean())


def test_a_head_is_found_where_it_is(found: Found):
    assert found.landmarks.found
    assert found.landmarks.confidence > 0.5
    assert mean_mm(found.landmarks.points_m, found.truth_m) < 9
    shape = found.landmarks.field_from_head
    assert abs(np.linalg.det(shape[:, :3])) ** (1 / 3) == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("unit", [1000.0, 0.02])
def test_units_and_places_do_not_matter(found: Found, unit: float):
    moved = MovedField(found.source, np.eye(3), unit, (7.0 * unit, -2.0 * unit, 0.5 * unit))
    result = mien.field_landmarks(moved)
    expected = unit * (found.landmarks.points_m + [7.0, -2.0, 0.5])
    assert mean_mm(result.points_m / unit, expected / unit) < 0.5


@pytest.mark.parametrize(
    "turn",
    [(0.0, 0.35, 0.0), (np.pi / 2, 0.0, 0.0), (0.0, np.pi, 0.0), (0.9, -1.1, 0.4)],
    ids=["a little", "z is up", "facing away", "anyhow"],
)
def test_landmarks_turn_with_the_field(found: Found, turn: tuple[float, float, float]):
    rotation = matrix_from_rotation_vector(np.array(turn))
    result = mien.field_landmarks(MovedField(found.source, rotation))
    assert result.found
    assert mean_mm(result.points_m @ rotation, found.landmarks.points_m) < 5


def test_a_pear_is_no_head_and_nothing_is_nothing():
    pear = mien.field_landmarks(BlobField())
    assert not pear.found
    assert np.isnan(pear.points_m).all()
    empty = GridField(np.zeros((8, 8, 8, 4), np.float32), np.array([[0.0, 0, 0], [1, 1, 1]]))
    assert mien.field_landmarks(empty).confidence == 0


def test_boxes_without_volume_are_refused():
    flat = replace(BlobField())
    flat.__class__ = type("Flat", (BlobField,), {"bounds_m": np.zeros((2, 3))})
    with pytest.raises(InputError, match="no box"):
        FieldLandmarker(config=SearchConfig())(flat)


def test_files_of_landmarks_are_read_back(found: Found, tmp_path: Path):
    path = write_landmarks(tmp_path / "anna.json", found.landmarks)
    again = read_landmarks(path)
    np.testing.assert_allclose(again.points_m, found.landmarks.points_m)
    assert again.found
    nothing = read_landmarks(write_landmarks(tmp_path / "none.json", Landmarks3D.none_found(0.1)))
    assert not nothing.found
    assert np.isnan(nothing.points_m).all()
    cloud = write_ply(tmp_path / "anna.ply", found.landmarks.points_m).read_text().splitlines()
    assert cloud[0] == "ply"
    assert len(cloud) == cloud.index("end_header") + 1 + 68
    with pytest.raises(InputError):
        read_landmarks(tmp_path / "anna.ply")


def test_the_shipped_file_is_small():
    assert SHIPPED.stat().st_size < 10e6
