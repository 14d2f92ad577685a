"""A face that landmarks steer: whose texture, whose landmarks, and the head that they mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float, UInt8

from mien.errors import InputError, ShapeError
from mien.heads.library import load_head
from mien.heads.parameters import HeadParameters
from mien.morphable_fields.landmark_shape import (
    LandmarkShape,
    head_landmarks_m,
    rest_parameters,
    shape_of_landmarks,
    warp_m,
)
from mien.morphable_fields.nearby_points import LANDMARK_SET
from mien.morphable_fields.reach import follow_share

SAME_M, STILL = 1e-6, 0.03
"""Nearer landmarks are the same; those that go less than this share of the longest way stay."""
FARTHEST_M = 0.05
"""Farther from the head's own, landmarks are no face's."""


@dataclass(frozen=True, eq=False)
class MorphableFace:
    """What a morphable field shows: FLNeRF's texture map and 68 landmarks, and the head behind them.

    In the built-in head's frame: it faces +z, joints at rest, metres.

    Attributes:
        texture: (S, S, 3) sRGB without light, in the head's texture coordinates, as `HeadLook.base_color`.
        identity: (I,) who; expression: (E,) ARKit weights.
        residual_m: (68, 3) what the landmarks have beyond those of the head with these weights.
        held_m: (V, 3) by how much vertices far from moved landmarks are held back from what the weights do to
            them; None where nothing is.
    """

    texture: UInt8[np.ndarray, "size size 3"]
    identity: Float[np.ndarray, " identity"]
    expression: Float[np.ndarray, " expression"]
    residual_m: Float[np.ndarray, "68 3"]
    held_m: Float[np.ndarray, "vertices 3"] | None = None

    @staticmethod
    def of_parameters(texture: UInt8[np.ndarray, "s s 3"], parameters: HeadParameters) -> MorphableFace:
        """A head's weights as they are; its pose is left out.

        Args:
            texture: (S, S, 3) sRGB without light, in the head's texture coordinates.
            parameters: of the built-in head.
        """
        return MorphableFace(texture, parameters.identity, parameters.expression, np.zeros((68, 3)))

    @staticmethod
    def of_landmarks(
        texture: UInt8[np.ndarray, "s s 3"], landmarks_m: Float[np.ndarray, "68 3"]
    ) -> MorphableFace:
        """The face that landmarks alone tell, as FLNeRF's: identity and expression are the likeliest.

        Args:
            texture: (S, S, 3) sRGB without light, in the head's texture coordinates.
            landmarks_m: (68, 3) "ict68" in the head's frame, metres.

        Raises:
            ShapeError: not 68 points. InputError: they are no face's.
        """
        landmarks_m = checked_landmarks(landmarks_m)
        shape = shape_of_landmarks(load_head(), landmarks_m)
        _check_face(shape)
        return MorphableFace(texture, shape.identity, shape.expression, shape.residual_m)

    @cached_property
    def landmarks_m(self) -> Float[np.ndarray, "68 3"]:
        """The 68 landmarks that steer ("ict68")."""
        points_m = head_landmarks_m(load_head(), self.identity, self.expression) + self.residual_m
        return points_m + _at_landmarks(self.held_m)

    @cached_property
    def parameters(self) -> HeadParameters:
        """The head behind it, without what the landmarks have beyond it."""
        return rest_parameters(load_head(), LandmarkShape(self.identity, self.expression, self.residual_m))

    @cached_property
    def vertices_m(self) -> Float[np.ndarray, "vertices 3"]:
        """The head's mesh, whose landmarks are where they are asked to be."""
        head = load_head()
        vertices_m = self._unwarped_m + warp_m(head, self.residual_m)
        points = head.landmark_set(LANDMARK_SET).vertices
        vertices_m[points] = self.landmarks_m
        return vertices_m

    @property
    def _unwarped_m(self) -> Float[np.ndarray, "vertices 3"]:
        vertices_m = load_head().vertices_m(self.parameters)
        return vertices_m if self.held_m is None else vertices_m + self.held_m

    def neutral(self) -> MorphableFace:
        """The same person at rest."""
        return replace(self, expression=np.zeros_like(self.expression), held_m=None)

    def with_expression(self, expression: Float[np.ndarray, " expression"]) -> MorphableFace:
        """The same person with other ARKit weights.

        Args:
            expression: (E,) weights.
        """
        return replace(self, expression=expression)

    def with_landmarks(self, landmarks_m: Float[np.ndarray, "68 3"]) -> MorphableFace:
        """The same person whose landmarks were moved there.

        The expression changes as little as it must; what no expression does is left to a warp of the skin
        around, and what the expression does far from there is held back.

        Args:
            landmarks_m: (68, 3) in the head's frame, metres.

        Raises:
            ShapeError: not 68 points. InputError: they are too far away for this face.
        """
        landmarks_m = checked_landmarks(landmarks_m)
        way_m = np.linalg.norm(landmarks_m - self.landmarks_m, axis=1)
        if way_m.max() < SAME_M:
            return self
        head, moved = load_head(), way_m > STILL * way_m.max()
        shape = shape_of_landmarks(
            head,
            landmarks_m,
            identity=self.identity,
            start=self.expression,
            offset_m=self.residual_m + _at_landmarks(self.held_m),
            moved=moved,
        )
        _check_face(shape)
        changed = replace(self, expression=shape.expression)
        back_m = self._unwarped_m - changed._unwarped_m
        held_m = (1 - follow_share(head, moved))[:, None] * back_m
        if self.held_m is not None:
            held_m = held_m + self.held_m
        return replace(changed, residual_m=shape.residual_m - _at_landmarks(held_m), held_m=held_m)


def _at_landmarks(held_m: Float[np.ndarray, "vertices 3"] | None) -> Float[np.ndarray, "68 3"]:
    return np.zeros((68, 3)) if held_m is None else held_m[load_head().landmark_set(LANDMARK_SET).vertices]


def checked_landmarks(landmarks_m: Float[np.ndarray, ...]) -> Float[np.ndarray, "68 3"]:
    """68 finite points.

    Raises:
        ShapeError: others.
    """
    landmarks_m = np.asarray(landmarks_m, float)
    if landmarks_m.shape != (68, 3) or not np.isfinite(landmarks_m).all():
        raise ShapeError("landmarks", expected="(68, 3), finite", actual=landmarks_m.shape)
    return landmarks_m


def _check_face(shape: LandmarkShape) -> None:
    largest_m = float(np.linalg.norm(shape.residual_m, axis=1).max())
    if largest_m > FARTHEST_M:
        raise InputError(
            f"a landmark lies {1000 * largest_m:.0f} mm from where a face can have it (at most "
            f"{1000 * FARTHEST_M:.0f}): give metres in the head's frame, as mien field landmarks does",
            source="landmarks",
        )
