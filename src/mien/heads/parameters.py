"""The parameters that turn the morphable head into one person's head in one pose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

JOINT_NAMES = ("neck", "head", "left_eye", "right_eye")
"""Joints in the order of every array; parents are none (the root), neck, head, head."""

JOINT_PARENTS = (-1, 0, 1, 1)


@dataclass(frozen=True, eq=False)
class HeadParameters:
    """One head: who, which expression, which pose.

    Attributes:
        identity: (I,) weights of the identity basis, standard normal over people.
        expression: (E,) weights of the ARKit-named shapes, 0 rest … 1 full (fits may leave [0, 1] slightly).
        joint_rotations: (4, 3) rotation vectors (radians) of neck, head, left eye, right eye, each
            relative to its parent; zero is the rest pose.
        root_rotation: (3,) rotation vector (radians) of the whole head: world from head.
        root_translation_m: (3,) position of the head frame's origin in the world, metres.
    """

    identity: Float[np.ndarray, " identity"]
    expression: Float[np.ndarray, " expression"]
    joint_rotations: Float[np.ndarray, "4 3"]
    root_rotation: Float[np.ndarray, " 3"]
    root_translation_m: Float[np.ndarray, " 3"]

    @staticmethod
    def neutral(identity_count: int, expression_count: int) -> HeadParameters:
        """The mean head, at rest, at the origin, facing +z: `identity_count` and `expression_count` zeros."""
        return HeadParameters(
            identity=np.zeros(identity_count),
            expression=np.zeros(expression_count),
            joint_rotations=np.zeros((len(JOINT_NAMES), 3)),
            root_rotation=np.zeros(3),
            root_translation_m=np.zeros(3),
        )
