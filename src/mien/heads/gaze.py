"""Where the eyes look: eye joints and eyeLook shapes turn the eyeballs together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from mien.heads.parameters import JOINT_NAMES, HeadParameters

FULL_LOOK_RAD = 0.5
"""How far an eyeLook shape turns its eyeball at a weight of 1."""

LOOKS: tuple[tuple[str, int, int, int], ...] = (
    ("eyeLookDownLeft", 0, 0, 1),
    ("eyeLookUpLeft", 0, 0, -1),
    ("eyeLookOutLeft", 0, 1, 1),
    ("eyeLookInLeft", 0, 1, -1),
    ("eyeLookDownRight", 1, 0, 1),
    ("eyeLookUpRight", 1, 0, -1),
    ("eyeLookInRight", 1, 1, 1),
    ("eyeLookOutRight", 1, 1, -1),
)
"""Shape, eye (0 left, 1 right), component of that eye's rotation vector and its sign for a look that way. A
turn about +x points the gaze down, one about +y towards the subject's left."""


def shape_turns(
    expression: Float[np.ndarray, "*frames expression"], names: Sequence[str]
) -> Float[np.ndarray, "*frames 2 3"]:
    """How far the eyeLook shapes turn the left and the right eyeball: rotation vectors, radians.

    Args:
        expression: weights; names: the shapes', of a head whose shapes turn the eyes
            (`Head.shapes_turn_eyes`).
    """
    turns = np.zeros((*expression.shape[:-1], 2, 3))
    index = {name: i for i, name in enumerate(names)}
    for name, eye, axis, sign in LOOKS:
        if name in index:
            turns[..., eye, axis] += sign * FULL_LOOK_RAD * expression[..., index[name]]
    return turns


def eye_rotations(parameters: HeadParameters, names: Sequence[str]) -> Float[np.ndarray, "2 3"]:
    """How far the left and the right eyeball are turned in all, by joints and shapes: rotation vectors.

    Small turns add up; for a gaze of 30° to the side and up they do so to about half a degree.
    """
    eyes = [JOINT_NAMES.index("left_eye"), JOINT_NAMES.index("right_eye")]
    return parameters.joint_rotations[eyes] + shape_turns(parameters.expression, names)
