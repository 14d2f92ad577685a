"""The joints' rigid motions, as `mien.heads.skinning.joint_transforms`, for one point of a fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.parameters import JOINT_PARENTS

_EYE = np.eye(3)


@dataclass(frozen=True, eq=False)
class JointMotions:
    """Where each joint takes what hangs from it.

    Attributes:
        own: (4, 3, 3) each joint's rotation relative to its parent.
        rotations: (4, 3, 3), shifts_m: (4, 3) motion of a point that hangs from each, rest to posed.
        centers_m: (4, 3) the joints' posed places.
    """

    own: Float[np.ndarray, "4 3 3"]
    rotations: Float[np.ndarray, "4 3 3"]
    shifts_m: Float[np.ndarray, "4 3"]
    centers_m: Float[np.ndarray, "4 3"]

    @staticmethod
    def of(joints_m: Float[np.ndarray, "4 3"], turned: Mapping[int, np.ndarray]) -> JointMotions:
        """Args:
        joints_m: rest places.
        turned: rotation vectors of the joints that turn; the others are at rest.
        """
        own = np.empty((4, 3, 3))
        rotations, shifts_m = np.empty((4, 3, 3)), np.zeros((4, 3))
        centers_m = np.array(joints_m)
        for joint, parent in enumerate(JOINT_PARENTS):
            moved = parent >= 0 and any(above in turned for above in _ABOVE[joint])
            if moved:
                centers_m[joint] = rotations[parent] @ joints_m[joint] + shifts_m[parent]
            if joint in turned:
                own[joint] = turn = matrix_from_rotation_vector(turned[joint])
                rotations[joint] = turn = rotations[parent] @ turn if moved else turn
                shifts_m[joint] = centers_m[joint] - turn @ joints_m[joint]
            else:
                own[joint] = _EYE
                rotations[joint] = rotations[parent] if moved else _EYE
                if moved:
                    shifts_m[joint] = shifts_m[parent]
        return JointMotions(own, rotations, shifts_m, centers_m)

    def parent_rotation(self, joint: int) -> Float[np.ndarray, "3 3"]:
        """Of the joint that a joint hangs from."""
        parent = JOINT_PARENTS[joint]
        return _EYE if parent < 0 else self.rotations[parent]


def _above(joint: int) -> tuple[int, ...]:
    parent = JOINT_PARENTS[joint]
    return () if parent < 0 else (parent, *_above(parent))


_ABOVE = tuple(_above(joint) for joint in range(len(JOINT_PARENTS)))
