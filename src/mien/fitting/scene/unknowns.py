"""Which parameters of a head are solved for, and their places in the solver's vector."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float

from mien.heads.parameters import HeadParameters


@dataclass(frozen=True)
class Unknowns:
    """The free parameters of one head in one picture.

    Order in the vector: root rotation (a rotation vector), root translation, expression, joints, log focal
    length, identity. What several pictures of a person share thus comes last.

    Attributes:
        identity_count, expression_count: how many of each are free: all of the head's, or 0.
        joints: indices of the free joints.
        focal: whether the focal length is free.
        dolly: with the focal length the head moves along the camera's axis, so that it stays as large in the
            picture: the root's translation in the vector is where the head would be with the focal length of
            the scene's camera. How strong the perspective is has then an unknown of its own, where otherwise
            solvers follow a bent valley. Not for a pose that several cameras share.
    """

    identity_count: int = 0
    expression_count: int = 0
    joints: tuple[int, ...] = ()
    focal: bool = False
    dolly: bool = False

    @cached_property
    def root_rotation(self) -> slice:
        return slice(0, 3)

    @cached_property
    def root_translation(self) -> slice:
        return slice(3, 6)

    @cached_property
    def expression(self) -> slice:
        return slice(6, 6 + self.expression_count)

    def joint(self, joint: int) -> slice:
        """Place of one free joint's rotation vector."""
        return self._joint_places[joint]

    @cached_property
    def _joint_places(self) -> dict[int, slice]:
        first = self.expression.stop
        return {joint: slice(first + 3 * row, first + 3 * row + 3) for row, joint in enumerate(self.joints)}

    @cached_property
    def all_joints(self) -> slice:
        """Place of all free joints' rotation vectors."""
        return slice(self.expression.stop, self.frame_size)

    @cached_property
    def frame_size(self) -> int:
        """Length of the part that differs between the pictures of a person."""
        return self.expression.stop + 3 * len(self.joints)

    @cached_property
    def log_focal(self) -> slice:
        return slice(self.frame_size, self.frame_size + int(self.focal))

    @cached_property
    def identity(self) -> slice:
        return slice(self.log_focal.stop, self.log_focal.stop + self.identity_count)

    @cached_property
    def size(self) -> int:
        return self.identity.stop

    def pack(self, parameters: HeadParameters, *, focal_px: float) -> Float[np.ndarray, " unknowns"]:
        """The solver's vector for these parameters."""
        x = np.empty(self.size)
        x[self.root_rotation] = parameters.root_rotation
        x[self.root_translation] = parameters.root_translation_m
        if self.expression_count:
            x[self.expression] = parameters.expression
        for joint in self.joints:
            x[self.joint(joint)] = parameters.joint_rotations[joint]
        if self.focal:
            x[self.log_focal] = np.log(focal_px)
        if self.identity_count:
            x[self.identity] = parameters.identity
        return x

    def unpack(self, x: Float[np.ndarray, " unknowns"], base: HeadParameters) -> HeadParameters:
        """Parameters from the solver's vector; what is not free comes from `base`."""
        joint_rotations = base.joint_rotations
        if self.joints:
            joint_rotations = joint_rotations.copy()
            for joint in self.joints:
                joint_rotations[joint] = x[self.joint(joint)]
        return replace(
            base,
            root_rotation=x[self.root_rotation].copy(),
            root_translation_m=x[self.root_translation].copy(),
            expression=x[self.expression].copy() if self.expression_count else base.expression,
            joint_rotations=joint_rotations,
            identity=x[self.identity].copy() if self.identity_count else base.identity,
        )

    def unpack_focal_px(self, x: Float[np.ndarray, " unknowns"], *, focal_px: float) -> float:
        """Focal length from the solver's vector, or `focal_px` when it is not free."""
        return float(np.exp(x[self.log_focal][0])) if self.focal else focal_px
