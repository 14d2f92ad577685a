"""What is sent draws the face that the library has, and views are cameras."""

from __future__ import annotations

import numpy as np

from mien.heads.library import load_head
from mien.morphable_fields.operations import LandmarkMove, edit_face
from mien.viewer.face_message import drawn_vertices_m, head_message, state_message
from mien.viewer.orbit import OrbitView
from mien.viewer.packed_arrays import packed, quantised, unpacked
from tests.viewer.serving import shown_face

HALF_A_STEP_M = 5e-6


def drawn(face, edited) -> np.ndarray:
    arrays, _ = unpacked(head_message(face, facts={}))
    state, facts = unpacked(state_message(edited, facts={}))
    return drawn_vertices_m(arrays, state, beyond_step_m=facts["beyond_step_m"])


def test_messages_come_back_as_they_were():
    arrays = {
        "a": np.arange(5, dtype=np.uint16),
        "b": np.ones((2, 3), np.float32),
        "c": np.zeros((0, 3), np.int16),
    }
    found, facts = unpacked(packed(arrays, {"ä": [1, "x"]}))
    assert facts == {"ä": [1, "x"]}
    for name, values in arrays.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values)


def test_quantised_values_are_within_half_a_step():
    values = np.random.default_rng(0).normal(size=(50, 3))
    whole, step = quantised(values)
    assert np.abs(whole * step - values).max() <= step / 2 * (1 + 1e-9)
    assert quantised(np.zeros((2, 3)))[1] == 0.0


def test_a_page_draws_the_librarys_vertices():
    """Of weights alone, and of landmarks that no weights explain; personal lids included."""
    face = shown_face().face
    by_weights = edit_face(face, weights={"eyeBlink": 1.0, "jawOpen": 0.7, "mouthSmileLeft": 0.4})
    by_hand = edit_face(by_weights, [LandmarkMove("33", (0.0, 4.0, 6.0), radius_mm=20)])
    assert np.abs(by_hand.residual_m).max() > 1e-3
    for edited in (face, by_weights, by_hand):
        np.testing.assert_allclose(drawn(face, edited), edited.vertices_m, atol=HALF_A_STEP_M)


def test_nothing_is_sent_beyond_the_weights_where_nothing_is():
    face = shown_face().face
    state, _ = unpacked(state_message(edit_face(face, weights={"jawOpen": 1.0}), facts={}))
    assert len(state["beyond"]) == 0


def test_every_weight_has_one_slider_and_every_triangle_its_corners():
    arrays, facts = unpacked(head_message(shown_face().face, facts={"name": "x"}))
    names = [name for group in facts["sliders"].values() for name in group]
    assert sorted(names) == sorted(load_head().expression_names)
    assert facts["name"] == "x"
    head, drawn_triangles = load_head(), np.concatenate([arrays[k] for k in ("opaque", "cards", "cornea")])
    assert len(drawn_triangles) == len(head.triangles)
    found = np.sort(arrays["corner_vertices"][drawn_triangles].astype(int), axis=None)
    np.testing.assert_array_equal(found, np.sort(head.triangles, axis=None))


def test_a_view_looks_at_its_target_with_the_heads_left_on_the_right():
    target_m = (0.01, 0.02, 0.03)
    for view in (OrbitView(target_m=target_m), OrbitView(0.7, -0.4, 0.8, target_m)):
        camera = view.camera(101)
        np.testing.assert_allclose(camera.project(np.array(target_m)), (50, 50), atol=1e-9)
        np.testing.assert_allclose(camera.to_camera(np.array(target_m))[2], view.distance_m)
        np.testing.assert_allclose(np.linalg.det(camera.camera_from_world[:3, :3]), 1.0)
    front = OrbitView().camera(101)
    assert front.project(np.array([0.05, 0.0, 0.0]))[0] > 50
    assert front.project(np.array([0.0, 0.05, 0.0]))[1] < 50
    left_side = OrbitView(np.pi / 2).camera(101)  # seen from the subject's left, the nose points to the left
    assert left_side.project(np.array([0.0, 0.0, 0.1]))[0] < 50
