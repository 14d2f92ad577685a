"""Joints near rest; both eyes looking the same way; lids that follow the gaze."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from mien.fitting.config import FitConfig
from mien.fitting.scene.head_state import HeadState
from mien.fitting.scene.unknowns import Unknowns
from mien.heads.gaze import FULL_LOOK_RAD, LOOKS
from mien.heads.model import Head
from mien.heads.parameters import JOINT_NAMES
from mien.least_squares.normal_equations import NormalEquations

NECK, HEAD, LEFT_EYE, RIGHT_EYE = range(len(JOINT_NAMES))


@dataclass(frozen=True)
class JointsTerm:
    """½ ‖θ / deviation‖² over the free joints, the root excluded (Wood et al. 2022, §3.2)."""

    config: FitConfig
    shapes_turn_eyes: bool = False
    name: str = "joints"
    quadratic: ClassVar[bool] = True

    def cost(self, state: HeadState) -> float:
        unknowns = state.scene.unknowns
        residuals = state.x[unknowns.all_joints] * _joint_precision(
            self.config, unknowns.joints, self.shapes_turn_eyes
        )
        return 0.5 * float(residuals @ residuals)

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        unknowns = state.scene.unknowns
        precision = _joint_precision(self.config, unknowns.joints, self.shapes_turn_eyes)
        normal.add_diagonal(unknowns.all_joints, state.x[unknowns.all_joints] * precision, precision)


@lru_cache(maxsize=32)
def _joint_precision(config: FitConfig, joints: tuple[int, ...], shapes_turn_eyes: bool) -> np.ndarray:
    turn_rad = config.eye_beside_shapes_std_rad if shapes_turn_eyes else config.eye_std_rad
    parts = []
    for joint in joints:
        if joint in (LEFT_EYE, RIGHT_EYE):
            # An eye's own axis is z.
            deviations = [turn_rad, turn_rad, config.eye_roll_std_rad]
        else:
            deviations = [config.neck_std_rad if joint == NECK else config.head_joint_std_rad] * 3
        parts += [1 / deviation for deviation in deviations]
    return np.array(parts)


@dataclass(frozen=True, eq=False)
class EyesAlikeTerm:
    """½ ‖(left eye's rotation − right eye's) / deviation‖²: people look at one point.

    Attributes:
        columns: (C,) places in the vector of the joints' rotations and of shapes that turn the eyes too.
        difference: (3, C) the rotations' difference for one unit of each.
    """

    columns: np.ndarray
    difference: np.ndarray
    deviation_rad: float
    name: str = "eyes alike"
    quadratic: ClassVar[bool] = True

    @staticmethod
    def of(unknowns: Unknowns, head: Head, config: FitConfig) -> EyesAlikeTerm | None:
        """The term, or None where the eyes are not free."""
        if LEFT_EYE not in unknowns.joints or RIGHT_EYE not in unknowns.joints:
            return None
        columns = [*_places(unknowns.joint(LEFT_EYE), unknowns.joint(RIGHT_EYE)).tolist()]
        difference = [*np.eye(3), *-np.eye(3)]
        if head.shapes_turn_eyes and unknowns.expression_count:
            for name, eye, axis, sign in LOOKS:
                columns.append(unknowns.expression.start + head.expression_names.index(name))
                difference.append((1, -1)[eye] * sign * FULL_LOOK_RAD * np.eye(3)[axis])
        return EyesAlikeTerm(np.array(columns), np.stack(difference, axis=1), config.eyes_alike_std_rad)

    def _residuals(self, state: HeadState) -> np.ndarray:
        return self.difference @ state.x[self.columns] / self.deviation_rad

    def cost(self, state: HeadState) -> float:
        residuals = self._residuals(state)
        return 0.5 * float(residuals @ residuals)

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        normal.add_block(self.columns, self._residuals(state), self.difference / self.deviation_rad)


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
    quadratic: ClassVar[bool] = True

    @staticmethod
    def of(unknowns: Unknowns, head: Head, config: FitConfig) -> LidsFollowTerm | None:
        """The term, or None when eyes or lids are not free, or when the head's eyeLook shapes turn the eyes
        themselves."""
        names, joints = head.expression_names, (LEFT_EYE, RIGHT_EYE)
        if head.shapes_turn_eyes:
            return None
        looks = [
            (unknowns.expression.start + names.index(name), unknowns.joint(joints[eye]).start + axis, sign)
            for name, eye, axis, sign in LOOKS
            if name in names and joints[eye] in unknowns.joints and unknowns.expression_count
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
