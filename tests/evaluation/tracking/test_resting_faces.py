"""Where a face at rest looks: in its head, and past the camera."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mien.evaluation.tracking.resting_faces import where_they_look
from mien.heads.library import load_head
from mien.heads.parameters import JOINT_NAMES


def looking(*, head_left_rad: float = 0.0, x_m: float = 0.0, **shapes: float):
    head = load_head()
    joints = np.zeros((4, 3))
    joints[JOINT_NAMES.index("neck"), 1] = head_left_rad
    return replace(
        head.neutral(),
        expression=np.array([shapes.get(name, 0.0) for name in head.expression_names]),
        joint_rotations=joints,
        root_translation_m=np.array([x_m, 0.0, -0.6]),
    )


def test_eyes_that_turn_back_look_into_the_camera():
    parameters = looking(head_left_rad=0.2, eyeLookOutRight=0.4, eyeLookInLeft=0.4)
    in_head, past = where_they_look(load_head(), parameters)
    assert in_head == pytest.approx([-0.2, 0])
    assert past == pytest.approx([0, 0], abs=1e-3)


def test_down_and_left_are_above_zero():
    in_head, past = where_they_look(load_head(), looking(eyeLookDownRight=0.2, eyeLookDownLeft=0.2))
    assert in_head == pytest.approx([0, 0.1])
    assert past == pytest.approx([0, 0.1], abs=1e-3)
    _, past = where_they_look(load_head(), looking(head_left_rad=0.3))
    assert past == pytest.approx([0.3, 0], abs=1e-3)


def test_a_face_beside_the_axis_looks_past_the_camera():
    _, past = where_they_look(load_head(), looking(x_m=0.2))
    assert past[0] == pytest.approx(np.arctan2(0.2, 0.6), abs=1e-6)
