"""Pictures of a found face: where they are taken from, and what is believed of them."""

from __future__ import annotations

import numpy as np
import pytest

from mien.geometry.alignment import align_rigid
from mien.heads.library import load_head
from mien.landmarks_in_fields.face_pictures import DISTANCE_M, Looks, cameras_about, pictures_of_face
from mien.landmarks_in_fields.pictured_landmarks import PicturedLandmarks
from mien.landmarks_in_fields.predict import FieldLandmarker, SearchConfig
from mien.landmarks_in_fields.second_opinion import PictureLandmarker, PicturesConfig, SecondOpinion
from mien.landmarks_in_fields.types import Landmarks3D
from tests.landmarks_in_fields.known_fields import MovedField, head_field

FRONT_AND_SIDES = Looks(((0, 0), (40, 0), (0, 20)), 64, 3.2)


def known_face(points_m: np.ndarray, field_from_head: np.ndarray | None = None) -> Landmarks3D:
    """A face that was found exactly, or with whatever error the points have."""
    frame = np.eye(3, 4) if field_from_head is None else field_from_head
    return Landmarks3D(points_m, 0.99, True, frame, points_m, np.full(68, 0.003))


def mean_head_points() -> np.ndarray:
    head = load_head()
    return head.mean_m[head.landmark_set("ict68").vertices]


def test_cameras_stand_before_the_face_and_to_its_left_and_above():
    points_m = mean_head_points()
    front, left, above = cameras_about(known_face(points_m), FRONT_AND_SIDES)
    for camera in (front, left, above):
        middle_px = camera.project(points_m).mean(axis=0)
        assert np.abs(middle_px - 31.5).max() < 8
        nearest_m = camera.to_camera(points_m)[:, 2].min()
        assert DISTANCE_M - 0.15 < nearest_m < DISTANCE_M
    right_eye_px, left_eye_px = front.project(points_m[[36, 45]])
    assert left_eye_px[0] > right_eye_px[0]  # the subject's left is on the picture's right
    assert left.world_from_camera[0, 3] > 0.5
    assert above.world_from_camera[1, 3] > 0.25


def test_pictures_are_in_metres_whatever_the_fields_unit():
    field, points_m = head_field()
    looks = Looks(((0, 0),), 48, 3.2)
    (plain,) = pictures_of_face(field, known_face(points_m), looks)
    moved = MovedField(field, np.eye(3), 50.0)
    found = known_face(50 * points_m, 50 * np.eye(3, 4))
    (scaled,) = pictures_of_face(moved, found, looks, metres_per_unit=1 / 50)
    np.testing.assert_allclose(scaled.camera.camera_from_world, plain.camera.camera_from_world, atol=1e-9)
    assert np.nanmedian(np.abs(scaled.depth_m - plain.depth_m)) < 1e-3
    assert np.abs(scaled.alpha - plain.alpha).mean() < 0.02


def test_faces_are_more_certain_than_what_is_none():
    field, points_m = head_field()
    second = PictureLandmarker(PicturesConfig(looks_deg=((0, 0), (20, 0), (-20, 0)), size_px=128))
    seen = second(field, known_face(points_m))
    turned = np.diag([-1.0, 1.0, -1.0])  # the back of the head
    behind = second(field, known_face(points_m @ turned, np.eye(3, 4) * [[-1.0], [1.0], [-1.0]]))
    assert seen.evidence > PicturesConfig().min_evidence > behind.evidence
    errors_mm = 1000 * np.linalg.norm(seen.triangulated_m - points_m, axis=1)
    assert errors_mm.mean() < 20  # a head without looks: the 2D network has never seen one


def test_the_answer_lies_between_and_its_frame_follows():
    points_m = mean_head_points()
    second = SecondOpinion(points_m + [0.002, 0.0, 0.0], points_m + [0.002, 0.0, 0.0], evidence=8.0)
    together = PicturedLandmarks().together(known_face(points_m), second)
    moved = align_rigid(points_m, together.points_m)
    np.testing.assert_allclose(together.field_from_head[:, 3], moved.translation, atol=1e-9)
    assert together.confidence == pytest.approx(0.99, abs=1e-6)
    assert (together.sigma_m > 0).all()


def test_pictures_that_hardly_show_a_face_do_not_count():
    found = known_face(mean_head_points())
    second = SecondOpinion(found.points_m + 0.02, found.points_m + 0.02, evidence=4.0)
    together = PicturedLandmarks().together(found, second)
    np.testing.assert_allclose(together.points_m, found.points_m)
    np.testing.assert_allclose(together.sigma_m, found.sigma_m)
    assert together.confidence > 0.9


def test_pictures_without_a_face_take_the_confidence_away():
    points_m = mean_head_points()
    second = SecondOpinion(points_m, points_m, evidence=PicturesConfig().min_evidence - 2)
    assert PicturedLandmarks().together(known_face(points_m), second).confidence < 0.05


def test_without_pictures_the_networks_answer_alone():
    field, points_m = head_field()
    alone = FieldLandmarker(config=SearchConfig(upright=True, second_opinion=None))(field)
    believed = PicturesConfig(looks_deg=((0, 0), (20, 0), (-20, 0)), size_px=128, believed_evidence=(-9, -8))
    both = FieldLandmarker(config=SearchConfig(upright=True, second_opinion=believed))(field)
    assert both.found
    np.testing.assert_array_equal(alone.coarse_points_m, both.coarse_points_m)
    assert np.abs(alone.points_m - both.points_m).max() > 1e-4
    assert 1000 * np.linalg.norm(both.points_m - points_m, axis=1).mean() < 15
