"""Editing, interpolation, swap, transfer, reenactment of faces."""

from __future__ import annotations

import numpy as np
import pytest

import mien
from mien.heads.library import load_head
from mien.morphable_fields.face import MorphableFace
from mien.morphable_fields.operations import (
    LandmarkMove,
    edit_face,
    interpolate_faces,
    reenact_face,
    swap_faces,
    transfer_expression,
)
from mien.morphable_fields.regions import mirror_landmarks, moved, region_landmarks


def a_face(seed: int, **weights: float) -> MorphableFace:
    head, rng = load_head(), np.random.default_rng(seed)
    expression = np.array([weights.get(name, 0.0) for name in head.expression_names])
    texture = rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)
    return MorphableFace(texture, 0.6 * rng.normal(size=head.identity_count), expression, np.zeros((68, 3)))


def test_landmarks_go_where_they_are_taken():
    face = a_face(1)
    edited = edit_face(face, [LandmarkMove("mouth", (0.0, -8.0, 0.0), radius_mm=15)])
    way_mm = 1000 * (edited.landmarks_m - face.landmarks_m)
    np.testing.assert_allclose(way_mm[48:68], np.tile([0, -8, 0], (20, 1)), atol=1e-6)
    np.testing.assert_allclose(way_mm[36:48], 0, atol=1e-6)
    points = load_head().landmark_set("ict68").vertices
    np.testing.assert_allclose(edited.vertices_m[points], edited.landmarks_m, atol=1e-12)
    assert np.array_equal(edited.texture, face.texture)
    assert np.array_equal(edited.identity, face.identity)


def test_a_mouth_moves_no_eyes():
    face = a_face(2)
    edited = edit_face(face, [LandmarkMove("lower_lip", (0.0, -10.0, 0.0), radius_mm=20)])
    head = load_head()
    eyes_m = face.landmarks_m[36:48].mean(axis=0)
    upper = head.mean_m[:, 1] > eyes_m[1]
    moved_mm = 1000 * np.linalg.norm(edited.vertices_m - face.vertices_m, axis=1)
    assert moved_mm[upper].max() < 0.5


def test_a_mouth_that_is_moved_leaves_ears_and_brows_alone():
    face, head = a_face(8), load_head()
    corners = LandmarkMove("mouth_corners", (3.0, 6.0, 0.0), radius_mm=15, symmetric=True)
    edited = edit_face(face, [corners])
    way_mm = 1000 * np.linalg.norm(edited.vertices_m - face.vertices_m, axis=1)
    skin = head.vertex_parts == head.part_names.index("skin")
    ears = skin & (np.abs(head.mean_m[:, 0]) > 0.075)
    assert way_mm[ears].max() < 1e-6 < 1.0 < way_mm.max()
    # A smile by its weights does move them, as smiles do
    smiling = edit_face(face, weights={"mouthSmile": 0.5})
    assert 1000 * np.linalg.norm(smiling.vertices_m - face.vertices_m, axis=1)[ears].max() > 0.3
    # Taken back it is the same face, and what was held back goes with the expression
    back = edited.with_landmarks(face.landmarks_m)
    np.testing.assert_allclose(back.landmarks_m, face.landmarks_m, atol=1e-9)
    assert edited.neutral().held_m is None


def test_a_second_edit_holds_back_what_the_first_one_did():
    face = edit_face(a_face(9), [LandmarkMove("mouth", (0.0, -8.0, 0.0), radius_mm=15)])
    edited = edit_face(face, [LandmarkMove("brows", (0.0, 4.0, 0.0))])
    skin = np.abs(load_head().mean_m[:, 0]) > 0.075
    way_mm = 1000 * np.linalg.norm(edited.vertices_m - face.vertices_m, axis=1)
    assert way_mm[skin].max() < 0.1
    np.testing.assert_allclose(edited.landmarks_m[48:68], face.landmarks_m[48:68], atol=1e-9)


def test_what_is_done_symmetrically_is_symmetric():
    landmarks_m, mirror = a_face(3).landmarks_m, mirror_landmarks()
    way = moved(landmarks_m, (48,), np.array([-0.004, 0.002, 0.001]), symmetric=True) - landmarks_m
    np.testing.assert_allclose(way[mirror] * [-1, 1, 1], way, atol=1e-9)
    np.testing.assert_allclose(way[48], [-0.004, 0.002, 0.001], atol=1e-9)
    both = moved(landmarks_m, (48, 54), np.array([0.004, 0.0, 0.0]), symmetric=True) - landmarks_m
    assert both[48, 0] == -both[54, 0] != 0


def test_weights_of_both_sides_by_one_name():
    head, face = load_head(), edit_face(a_face(4), weights={"mouthSmile": 0.7, "jawOpen": 0.2})
    told = dict(zip(head.expression_names, face.expression.tolist(), strict=True))
    assert told["mouthSmileLeft"] == told["mouthSmileRight"] == 0.7
    assert told["jawOpen"] == 0.2
    with pytest.raises(mien.InputError, match="no shape 'grin'"):
        edit_face(face, weights={"grin": 1.0})


def test_interpolation_begins_and_ends_at_its_faces():
    first, second = a_face(5), a_face(6, jawOpen=0.8)
    for share, end in ((0.0, first), (1.0, second)):
        np.testing.assert_allclose(
            interpolate_faces(first, second, share).landmarks_m, end.landmarks_m, atol=1e-9
        )
    middle = interpolate_faces(first, second, 0.5)
    np.testing.assert_allclose(middle.landmarks_m, (first.landmarks_m + second.landmarks_m) / 2, atol=3e-4)


def test_what_is_held_back_is_interpolated_too():
    first = a_face(2)
    second = edit_face(first, [LandmarkMove("mouth", (0.0, -8.0, 0.0), radius_mm=15)])
    half = interpolate_faces(first, second, 0.5)
    np.testing.assert_allclose(half.vertices_m, (first.vertices_m + second.vertices_m) / 2, atol=2e-4)


def test_a_swap_exchanges_landmarks_and_leaves_textures():
    first, second = a_face(7, jawOpen=0.5), a_face(8, mouthPucker=0.9)
    one, two = swap_faces(first, second)
    assert np.array_equal(one.texture, first.texture)
    np.testing.assert_allclose(one.landmarks_m, second.landmarks_m)
    np.testing.assert_allclose(two.landmarks_m, first.landmarks_m)


@pytest.mark.parametrize("mode", ["relative", "weights"])
def test_a_transfer_brings_the_expression_and_not_the_shape(mode):
    face, driver = a_face(9), a_face(10, jawOpen=0.7)
    after = transfer_expression(face, driver, mode=mode)
    assert np.array_equal(after.identity, face.identity)
    opening = after.landmarks_m[62, 1] - after.landmarks_m[66, 1]
    asked = driver.landmarks_m[62, 1] - driver.landmarks_m[66, 1]
    assert opening == pytest.approx(asked, rel=0.25)
    rested = transfer_expression(face, driver.neutral(), mode=mode)
    np.testing.assert_allclose(rested.landmarks_m, face.landmarks_m, atol=1e-6)


def test_a_sequence_is_followed():
    drivers = [a_face(11, jawOpen=value) for value in (0.0, 0.4, 0.8)]
    faces = reenact_face(a_face(12), drivers)
    openings = [face.landmarks_m[62, 1] - face.landmarks_m[66, 1] for face in faces]
    assert openings[0] < openings[1] < openings[2]


def test_nonsense_is_refused():
    face = a_face(13)
    with pytest.raises(mien.InputError, match="no landmarks 'ear'"):
        region_landmarks("ear")
    with pytest.raises(mien.InputError, match="from where a face can have it"):
        edit_face(face, [LandmarkMove("30", (0.0, 0.0, 500.0))])
    with pytest.raises(mien.ShapeError):
        MorphableFace.of_landmarks(face.texture, np.full((68, 3), np.nan))
    assert region_landmarks("48-50,57") == (48, 49, 50, 57)
