"""Where a face at rest looks: in its head, and past the camera."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.evaluation.tracking.resting_faces import where_they_look
from mien.heads.library import load_head
from mien.heads.parameters import JOINT_NAMES


def eyes_m() -> np.ndarray:
    """Middle of the mean head's eyeballs."""
    head = load_head()
    return head.mean_m[(head.skinning_weights[:, 2:] > 0.5).any(axis=1)].mean(axis=0)


def looking(*, head_left_rad: float = 0.0, x_m: float = 0.0, **shapes: float):
    head = load_head()
    """A head whose eyes are 0.6 m before the camera when it looks ahead."""
    joints = np.zeros((4, 3))
    joints[JOINT_NAMES.index("neck"), 1] = head_left_rad
    return replace(
        head.neutral(),
        expression=np.array([shapes.get(name, 0.0) for name in head.expression_names]),
        joint_rotations=joints,
        root_translation_m=np.array([x_m, 0.0, -0.6]) - eyes_m(),
    )


def eyes_beside_rad(turn_rad: float) -> float:
    """How far beside the axis the camera sees eyes that a turn of the neck has carried to the left."""
    lever_m = eyes_m()[2] - load_head().joints_mean_m[JOINT_NAMES.index("neck"), 2]
    return float(np.arctan2(lever_m * np.sin(turn_rad), 0.6 + lever_m * (1 - np.cos(turn_rad))))


def test_eyes_that_look_straight_ahead_look_into_the_camera_before_them():
    in_head, past = where_they_look(load_head(), looking())
    assert (*in_head, *past) == pytest.approx((0, 0, 0, 0), abs=1e-6)


def test_eyes_that_turn_back_look_as_far_past_as_the_head_has_moved():
    parameters = looking(head_left_rad=0.2, eyeLookOutRight=0.4, eyeLookInLeft=0.4)
    in_head, past = where_they_look(load_head(), parameters)
    assert in_head == pytest.approx([-0.2, 0])
    assert past == pytest.approx([eyes_beside_rad(0.2), 0], abs=3e-3)  # the eyeballs turn about their joints


def test_down_and_left_are_above_zero():
    in_head, past = where_they_look(load_head(), looking(eyeLookDownRight=0.2, eyeLookDownLeft=0.2))
    assert in_head == pytest.approx([0, 0.1])
    assert past == pytest.approx([0, 0.1], abs=2e-3)
    _, past = where_they_look(load_head(), looking(head_left_rad=0.3))
    assert past == pytest.approx([0.3 + eyes_beside_rad(0.3), 0], abs=1e-3)


def test_a_face_beside_the_axis_looks_past_the_camera():
    _, past = where_they_look(load_head(), looking(x_m=0.2))
    assert past[0] == pytest.approx(np.arctan2(0.2, 0.6), abs=1e-6)
