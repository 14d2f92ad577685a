"""The joints' rigid motions, as `mien.heads.skinning.joint_transforms`, for one point of a fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from mien.geometry.rotations import rotation_rows
from mien.heads.parameters import JOINT_PARENTS

_EYE = np.eye(3)


@dataclass(frozen=True, eq=False)
class JointMotions:
    """Where each joint takes what hangs from it.

    Attributes:
        rotations: (4, 3, 3), shifts_m: (4, 3) motion of a point that hangs from each, rest to posed.
        centers_m: (4, 3) the joints' posed places.
    """

    rotations: Float[np.ndarray, "4 3 3"]
    shifts_m: Float[np.ndarray, "4 3"]
    centers_m: Float[np.ndarray, "4 3"]
    _own: list[_Matrix]

    @staticmethod
    def of(joints_m: Float[np.ndarray, "4 3"], turned: Mapping[int, np.ndarray]) -> JointMotions:
        """Args:
        joints_m: rest places.
        turned: rotation vectors of the joints that turn; the others are at rest.
        """
        # In Python floats: numpy takes longer to be called than to compute so little.
        own: list[_Matrix] = []
        rotations: list[_Matrix] = []
        shifts_m: list[_Vector] = []
        flat, centers_m = [], []
        for joint, place_m in enumerate(joints_m.tolist()):
            parent = JOINT_PARENTS[joint]
            above = rotations[parent] if parent >= 0 else _REST
            center_m = place_m
            if above is not _REST:
                x, y, z = _times(above, place_m)
                right, up, front = shifts_m[parent]
                center_m = [x + right, y + up, z + front]
            if joint in turned:
                turn = rotation = rotation_rows(turned[joint].tolist())
                if above is not _REST:
                    columns = zip(*turn, strict=True)
                    rotation = list(map(list, zip(*(_times(above, each) for each in columns), strict=True)))
                x, y, z = _times(rotation, place_m)
                shift_m = [center_m[0] - x, center_m[1] - y, center_m[2] - z]
            else:
                turn, rotation = _REST, above
                shift_m = shifts_m[parent] if parent >= 0 else [0.0, 0.0, 0.0]
            own.append(turn)
            rotations.append(rotation)
            shifts_m.append(shift_m)
            flat += [*rotation[0], *rotation[1], *rotation[2]]
            centers_m += center_m
        numbers = np.array([*flat, *shifts_m[0], *shifts_m[1], *shifts_m[2], *shifts_m[3], *centers_m])
        return JointMotions(
            numbers[:36].reshape(4, 3, 3), numbers[36:48].reshape(4, 3), numbers[48:].reshape(4, 3), own
        )

    @cached_property
    def own(self) -> Float[np.ndarray, "4 3 3"]:
        """Each joint's rotation relative to its parent."""
        return np.array(self._own)

    def parent_rotation(self, joint: int) -> Float[np.ndarray, "3 3"]:
        """Of the joint that a joint hangs from."""
        parent = JOINT_PARENTS[joint]
        return _EYE if parent < 0 else self.rotations[parent]


_Vector = list[float]
_Matrix = list[list[float]]
_REST: _Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]


def _times(matrix: _Matrix, vector: Sequence[float]) -> _Vector:
    x, y, z = vector
    return [a * x + b * y + c * z for a, b, c in matrix]
