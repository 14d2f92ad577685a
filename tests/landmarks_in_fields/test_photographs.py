"""Photographs that a field was trained on: which are asked, and what they say of its face."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.cameras import Camera
from mien.errors import InputError
from mien.fields import photographed_face
from mien.fields.capture_facts import CaptureFacts
from mien.fields.config import FieldConfig
from mien.fields.files import load_field, save_field
from mien.fields.photographed_face import PhotographedFace, PhotographsConfig, seeing
from mien.fields.posed_images import PosedImages
from mien.fields.radiance_field import FieldFacts, RadianceField
from mien.heads.library import load_head
from mien.landmarks.types import Landmarks2D
from mien.landmarks_in_fields.photographs import Photographed, asked_photographs, remembered_photographs
from mien.landmarks_in_fields.pictured_landmarks import PicturedLandmarks
from mien.landmarks_in_fields.second_opinion import SecondOpinion
from mien.landmarks_in_fields.types import Landmarks3D
from tests.landmarks_in_fields.known_fields import head_field

SIDE_PX, DISTANCE_M = 96, 0.8


def points_of_head() -> np.ndarray:
    head = load_head()
    return head.mean_m[head.landmark_set("ict68").vertices]


def face(points_m: np.ndarray) -> Landmarks3D:
    return Landmarks3D(points_m, 0.99, True, np.eye(3, 4), points_m, np.full(68, 0.003))


def camera_at(azimuth_deg: float, elevation_deg: float = 0.0) -> Camera:
    azimuth, elevation = np.radians([azimuth_deg, elevation_deg])
    eye = np.array(
        [np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)]
    )
    forward = -eye
    right = np.cross(forward, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward])
    pose[2, 3] = DISTANCE_M
    return Camera.from_focal(2.2 * SIDE_PX, width_px=SIDE_PX, height_px=SIDE_PX, camera_from_world=pose)


def photographs(cameras: list[Camera]) -> PosedImages:
    blank = np.full((SIDE_PX, SIDE_PX, 3), 120, np.uint8)
    return PosedImages.of(cameras, [blank] * len(cameras))


class KnowsWhere:
    """Stands in for the 2D network: sees points where they are, in the photograph whose region this is."""

    def __init__(self, cameras: list[Camera], truth_m: np.ndarray) -> None:
        self._told = [
            Landmarks2D(camera.project(truth_m), np.ones(68), "ict68", score=0.99) for camera in cameras
        ]

    def __call__(self, image, region, *, both_ways: bool) -> Landmarks2D:
        assert both_ways
        middle = [np.linalg.norm(told.points_px.mean(axis=0) - region.center_px) for told in self._told]
        return self._told.pop(int(np.argmin(middle)))


def told(points_m: np.ndarray) -> Photographed:
    return Photographed(PhotographedFace(points_m, 9.0, 9))


@pytest.fixture
def truth_m() -> np.ndarray:
    return points_of_head()


def network_knows(monkeypatch: pytest.MonkeyPatch, cameras: list[Camera], truth_m: np.ndarray) -> None:
    knows = KnowsWhere(cameras, truth_m)
    monkeypatch.setattr(photographed_face, "_predictor", lambda network: knows)


FRONT = np.array([0.0, 0.0, 1.0])


def test_cameras_before_the_face_are_asked_the_most_frontal_first_then_far_ones(truth_m: np.ndarray):
    cameras = [camera_at(azimuth) for azimuth in (180, 60, 5, 12, -60, 100, 30)]
    assert seeing(cameras, truth_m, FRONT, PhotographsConfig(most=4)) == [2, 4, 1, 6]
    assert set(seeing(cameras, truth_m, FRONT, PhotographsConfig())) == {1, 2, 3, 4, 6}


def test_cameras_that_the_face_is_beside_are_not_asked(truth_m: np.ndarray):
    aside = replace(camera_at(0), intrinsics=camera_at(0).intrinsics + [[0, 0, 400], [0, 0, 0], [0, 0, 0]])
    assert seeing([aside, camera_at(10)], truth_m, FRONT, PhotographsConfig()) == [1]


def test_points_come_from_where_the_photographs_see_them(monkeypatch, truth_m: np.ndarray):
    cameras = [camera_at(azimuth, elevation) for azimuth, elevation in ((0, 0), (40, 5), (-40, 0), (170, 0))]
    network_knows(monkeypatch, cameras[:3], truth_m)
    answer = asked_photographs(photographs(cameras), face(truth_m + 0.003))
    assert answer.told
    assert answer.face.views == 3
    np.testing.assert_allclose(answer.face.points_m, truth_m, atol=1e-5)


def test_too_few_photographs_say_nothing_and_pictures_of_the_field_are_asked(truth_m: np.ndarray):
    found = face(truth_m)
    cameras = [camera_at(0), camera_at(30), camera_at(150)]
    assert not asked_photographs(photographs(cameras), found).told
    field, _ = head_field()
    pictured, asked = PicturedLandmarks(), []

    def second(field: object, found: Landmarks3D) -> SecondOpinion:
        asked.append(field)
        return SecondOpinion(found.points_m, found.points_m, 9.0)

    pictured.second = second  # pyright: ignore[reportAttributeAccessIssue]
    pictured(field, found, photographs(cameras))
    assert asked == [field]


def test_photographs_of_something_else_are_named(monkeypatch, truth_m: np.ndarray):
    cameras = [camera_at(0), camera_at(40), camera_at(-40)]
    network_knows(monkeypatch, cameras, truth_m + [0.08, 0.0, 0.0])
    with pytest.raises(InputError, match="trained on"):
        asked_photographs(photographs(cameras), face(truth_m))


def test_the_answer_lies_between_networks_and_photographs(truth_m: np.ndarray):
    together = PicturedLandmarks().together(face(truth_m), told(truth_m + [0.004, 0, 0]))
    plain = PicturedLandmarks().together(face(truth_m), told(truth_m))
    moved_m = (together.points_m - plain.points_m)[:, 0]
    assert (moved_m >= -1e-9).all()
    assert (moved_m <= 0.004 + 1e-9).all()
    assert moved_m.mean() > 0.001


def captured_field(points_m: np.ndarray, folder: Path) -> RadianceField:
    """A field that remembers photographs, saved and read again."""
    field = RadianceField(FieldConfig(resolutions=(8,), upsample_at=()), np.array([[-0.1] * 3, [0.1] * 3]))
    capture = CaptureFacts(
        photographed_m=tuple(points_m.ravel().tolist()), photographed_evidence=8.5, photographed_views=7
    )
    field.facts = FieldFacts(capture=capture)
    save_field(field, folder / "a.field")
    return load_field(folder / "a.field")


def test_a_captures_field_remembers_its_photographs(truth_m: np.ndarray, tmp_path: Path):
    field = captured_field(truth_m, tmp_path)
    remembered = remembered_photographs(field, face(truth_m + 0.002))
    assert remembered is not None
    assert (remembered.face.views, remembered.evidence) == (7, 8.5)
    np.testing.assert_allclose(remembered.face.points_m, truth_m, atol=1e-6)
    pictured = PicturedLandmarks()
    answer = pictured(field, face(truth_m + 0.002))
    np.testing.assert_allclose(answer.points_m, pictured.together(face(truth_m + 0.002), remembered).points_m)
    assert remembered_photographs(field, face(truth_m + 0.1)) is None  # somebody else's
    assert remembered_photographs(head_field()[0], face(truth_m)) is None


def test_a_capture_with_some_of_the_numbers_is_damaged(truth_m: np.ndarray, tmp_path: Path):
    captured_field(truth_m, tmp_path)
    path = tmp_path / "a.field" / "field.json"
    document = json.loads(path.read_text())
    for name, values in (("photographed_m", [0.1] * 203), ("world_from_head", [1.0] * 5)):
        damaged = {**document, "capture": {**document["capture"], name: values}}
        path.write_text(json.dumps(damaged))
        with pytest.raises(InputError, match="in place of"):
            load_field(tmp_path / "a.field")
