"""Joints near rest; both eyes looking the same way; lids that follow the gaze."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mien.fitting.config import FitConfig
from mien.fitting.scene.head_state import HeadState
from mien.fitting.scene.unknowns import Unknowns
from mien.heads.parameters import JOINT_NAMES
from mien.least_squares.normal_equations import NormalEquations

NECK, HEAD, LEFT_EYE, RIGHT_EYE = range(len(JOINT_NAMES))


@dataclass(frozen=True)
class JointsTerm:
    """½ ‖θ / deviation‖² over the free joints, the root excluded (Wood et al. 2022, §3.2)."""

    config: FitConfig
    name: str = "joints"

    def cost(self, state: HeadState) -> float:
        unknowns = state.scene.unknowns
        residuals = state.x[unknowns.all_joints] * _joint_precision(self.config, unknowns.joints)
        return 0.5 * float(residuals @ residuals)

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        unknowns = state.scene.unknowns
        precision = _joint_precision(self.config, unknowns.joints)
        normal.add_diagonal(unknowns.all_joints, state.x[unknowns.all_joints] * precision, precision)


@lru_cache(maxsize=32)
def _joint_precision(config: FitConfig, joints: tuple[int, ...]) -> np.ndarray:
    parts = []
    for joint in joints:
        if joint in (LEFT_EYE, RIGHT_EYE):
            # An eye's own axis is z.
            deviations = [config.eye_std_rad, config.eye_std_rad, config.eye_roll_std_rad]
        else:
            deviations = [config.neck_std_rad if joint == NECK else config.head_joint_std_rad] * 3
        parts += [1 / deviation for deviation in deviations]
    return np.array(parts)


@dataclass(frozen=True)
class EyesAlikeTerm:
    """½ ‖(left eye's rotation − right eye's) / deviation‖²: people look at one point."""

    deviation_rad: float
    name: str = "eyes alike"

    def _residuals(self, state: HeadState) -> np.ndarray:
        unknowns = state.scene.unknowns
        difference = state.x[unknowns.joint(LEFT_EYE)] - state.x[unknowns.joint(RIGHT_EYE)]
        return difference / self.deviation_rad

    def cost(self, state: HeadState) -> float:
        residuals = self._residuals(state)
        return 0.5 * float(residuals @ residuals)

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        unknowns = state.scene.unknowns
        columns = _places(unknowns.joint(LEFT_EYE), unknowns.joint(RIGHT_EYE))
        normal.add_block(columns, self._residuals(state), _DIFFERENCE / self.deviation_rad)


_DIFFERENCE = np.hstack([np.eye(3), -np.eye(3)])

_LOOKS = (
    # Shape, eye joint, component of its rotation vector, sign of that component for a look that way.
    # A turn about +x points the gaze down, one about +y towards the subject's left.
    ("eyeLookDownLeft", LEFT_EYE, 0, 1),
    ("eyeLookUpLeft", LEFT_EYE, 0, -1),
    ("eyeLookOutLeft", LEFT_EYE, 1, 1),
    ("eyeLookInLeft", LEFT_EYE, 1, -1),
    ("eyeLookDownRight", RIGHT_EYE, 0, 1),
    ("eyeLookUpRight", RIGHT_EYE, 0, -1),
    ("eyeLookInRight", RIGHT_EYE, 1, 1),
    ("eyeLookOutRight", RIGHT_EYE, 1, -1),
)


@dataclass(frozen=True, eq=False)
class LidsFollowTerm:
    """½ ‖(eyeLook weights − what the gaze asks for) / deviation‖².

    Attributes:
        expression_columns, angle_columns: (K,) places of each shape and of its eye angle in the vector.
        columns: (K + A,) the shapes' places and then those of the A angles, each once.
        angles: (K,) which of these angles is each shape's.
        signs: (K,) sign of the angle for that look.
    """

    expression_columns: np.ndarray
    angle_columns: np.ndarray
    columns: np.ndarray
    angles: np.ndarray
    signs: np.ndarray
    deviation: float
    full_look_rad: float
    name: str = "lids follow gaze"

    @staticmethod
    def of(unknowns: Unknowns, expression_names: tuple[str, ...], config: FitConfig) -> LidsFollowTerm | None:
        """The term, or None when neither eyes nor lids are free."""
        looks = [
            (unknowns.expression.start + expression_names.index(name), unknowns.joint(eye).start + axis, sign)
            for name, eye, axis, sign in _LOOKS
            if name in expression_names and eye in unknowns.joints and unknowns.expression_count
        ]
        if not looks:
            return None
        shapes, angles, signs = (np.array(column) for column in zip(*looks, strict=True))
        distinct, places = np.unique(angles, return_inverse=True)
        return LidsFollowTerm(
            expression_columns=shapes,
            angle_columns=angles,
            columns=np.concatenate([shapes, distinct]),
            angles=places,
            signs=signs.astype(float),
            deviation=config.lids_follow_std,
            full_look_rad=config.full_look_rad,
        )

    def _residuals(self, state: HeadState) -> tuple[np.ndarray, np.ndarray]:
        # A ramp that is smooth at 0, so that the solver can pass from one look to the opposite one.
        look = self.signs * state.x[self.angle_columns] / self.full_look_rad
        smooth = np.sqrt(look**2 + 0.01)
        asked = 0.5 * (look + smooth - 0.1)
        slope = 0.5 * (1 + look / smooth) * self.signs / self.full_look_rad
        return (state.x[self.expression_columns] - asked) / self.deviation, slope

    def cost(self, state: HeadState) -> float:
        residuals, _ = self._residuals(state)
        return 0.5 * float(residuals @ residuals)

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        residuals, slope = self._residuals(state)
        jacobian = np.zeros((len(residuals), len(self.columns)))
        rows = np.arange(len(residuals))
        jacobian[rows, rows] = 1 / self.deviation
        jacobian[rows, len(residuals) + self.angles] = -slope / self.deviation
        normal.add_block(self.columns, residuals, jacobian)


def _places(*columns: slice) -> np.ndarray:
    return np.concatenate([np.arange(part.start, part.stop) for part in columns])
