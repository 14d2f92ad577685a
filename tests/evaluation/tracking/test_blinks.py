"""Blinks measured on clips with known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.errors import InputError
from mien.evaluation.tracking.blinks import BlinkAmplitude, landmark_blinks, lid_openings, video_blinks
from mien.fitting.context import Context
from mien.heads.library import load_head
from mien.landmarks.types import Landmarks2D
from mien.synthetic.held_out_people.blink_scripts import (
    BlinkScript,
    blink_script,
    scripted_landmarks,
    who_can_blink,
)
from tests.toy_head import toy_head

COUNT = 100


@pytest.fixture(scope="module")
def script() -> BlinkScript:
    return blink_script(load_head(), count=COUNT)


def test_scripted_eyes_close_once_a_second(script: BlinkScript):
    assert len(script.blinks) == 3
    openings = lid_openings(script.head, script.truths)
    assert openings[list(script.blinks)].max() < 0.25 * np.median(openings)


def test_the_size_of_a_head_does_not_count(script: BlinkScript):
    head = script.head
    larger = replace(
        head, mean_m=1.3 * head.mean_m, identity_basis_m=1.3 * head.identity_basis_m,
        expression_basis_m=1.3 * head.expression_basis_m, joints_mean_m=1.3 * head.joints_mean_m,
        joints_identity_m=1.3 * head.joints_identity_m,
        personal_shapes=tuple(
            replace(one, identity_m=1.3 * one.identity_m) for one in head.personal_shapes
        ),
    )  # fmt: skip
    shown = script.truths[:30:5]
    np.testing.assert_allclose(lid_openings(larger, shown), lid_openings(head, shown), rtol=1e-6)


def test_landmarks_err_as_much_as_they_are_told_to(script: BlinkScript):
    exact = scripted_landmarks(script, jitter=0.0)[7]
    seen = scripted_landmarks(script, sigma=0.05, jitter=0.5)
    errors_px = np.stack([one.points_px for one in seen])[7] - exact.points_px
    assert np.sqrt((errors_px**2).mean()) == pytest.approx(0.5 * 0.05 * exact.radius_px, rel=0.5)


def test_blinks_keep_their_amplitude_and_time(script: BlinkScript):
    kept = landmark_blinks(script, scripted_landmarks(script))
    assert kept.of_truth > 0.9
    assert kept.of_alone > 0.9
    assert kept.offline.mean() > 0.9
    assert np.abs(kept.lag_frames).max() <= 1


class ReadsAlong:
    """Takes the script's landmarks for what the pictures show."""

    def __init__(self, landmarks: list[Landmarks2D]) -> None:
        self.coming = iter(landmarks)

    def __call__(self, image: np.ndarray) -> list[Landmarks2D]:
        return [next(self.coming)]

    def track(self, image: np.ndarray, previous: Landmarks2D) -> Landmarks2D | None:
        return next(self.coming)


def test_pictures_are_tracked_without_knowing_the_person(script: BlinkScript):
    pictures = [np.zeros((script.camera.height_px, script.camera.width_px, 3), np.uint8)] * COUNT
    landmarker = ReadsAlong(scripted_landmarks(script))
    kept = video_blinks(script, pictures, context=Context(head=script.head, landmarker=landmarker))
    assert kept.of_truth > 0.8
    assert kept.of_alone > 0.9


def test_a_video_without_a_face_is_an_input_error(script: BlinkScript):
    class Blind(ReadsAlong):
        def __call__(self, image: np.ndarray) -> list[Landmarks2D]:
            return []

    with pytest.raises(InputError, match="no frame"):
        video_blinks(
            script,
            [np.zeros((4, 4, 3), np.uint8)] * 3,
            context=Context(head=script.head, landmarker=Blind([])),
        )


def test_clips_are_put_together():
    half, whole = np.array([0.5]), np.array([1.0, 1.0])
    both = BlinkAmplitude.together([BlinkAmplitude(*4 * (half,)), BlinkAmplitude(*4 * (whole,))])
    assert both.realtime.tolist() == [0.5, 1.0, 1.0]


def test_a_head_without_lids_is_an_input_error():
    head = toy_head()
    with pytest.raises(InputError, match="lids"):
        lid_openings(head, [head.neutral()])


def test_people_whose_eyeballs_stand_before_their_lids_cannot_blink():
    head = load_head()
    forward_m = np.array([0.005, -0.001])
    basis_m, joints_m = np.zeros((2, head.vertex_count, 3)), np.zeros((2, 4, 3))
    eyes = head.skinning_weights[:, 2:].sum(axis=1) > 0.5
    basis_m[:, eyes, 2] = forward_m[:, None]
    joints_m[:, 2:, 2] = forward_m[:, None]
    two = replace(
        head, identity_basis_m=basis_m, joints_identity_m=joints_m, identity_mixture=None, personal_shapes=()
    )
    assert who_can_blink(two, 1) == [1]
    with pytest.raises(InputError, match="only 1"):
        who_can_blink(two, 2)
