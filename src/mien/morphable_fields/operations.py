"""What is done with faces that landmarks steer (FLNeRF, sections 5.1 and 5.2; all without torch).

Every operation gives faces; a model makes fields of them (`morphable_field`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Literal

import numpy as np
from jaxtyping import Float

from mien.checked_calls import checked_call
from mien.errors import InputError, check_type
from mien.heads.library import load_head
from mien.morphable_fields.face import MorphableFace
from mien.morphable_fields.regions import moved, region_landmarks

Mode = Literal["relative", "absolute", "weights"]
"""How another face's expression is taken over: its landmarks' way from their rest, scaled by the faces'
sizes; the landmarks as they are (FLNeRF), which brings the other's shape along; or its ARKit weights."""
_EYES = ((36, 37, 38, 39, 40, 41), (42, 43, 44, 45, 46, 47))
_JAW = (8, 27)

WEIGHT_RANGE = (-1.0, 2.0)
"""Of ARKit weights that faces are edited to."""


@dataclass(frozen=True)
class LandmarkMove:
    """Landmarks taken by the hand.

    Attributes:
        landmarks: a region's name or numbers, see `region_landmarks`.
        by_mm: towards the subject's left, up, out of the face; millimetres.
        radius_mm: how far along the skin other landmarks follow.
        symmetric: the same on the other side.
    """

    landmarks: str
    by_mm: tuple[float, float, float]
    radius_mm: float = 0.0
    symmetric: bool = False

    def __post_init__(self) -> None:
        call = 'mien.LandmarkMove("mouth", (0, -4, 0))'
        check_type(self.landmarks, str, argument="landmarks", call=call)
        check_type(self.by_mm, Sequence, argument="by_mm", call=call)
        if len(self.by_mm) != 3 or not all(isinstance(each, Real) for each in (*self.by_mm, self.radius_mm)):
            raise InputError(f"needs three millimetres and a radius: {call}", source="LandmarkMove")
        if not np.isfinite([*self.by_mm, self.radius_mm]).all() or self.radius_mm < 0:
            raise InputError(
                f"needs finite ways and a radius of 0 or above, not {self.by_mm} and {self.radius_mm}",
                source="LandmarkMove",
            )


@checked_call
def edit_face(
    face: MorphableFace,
    moves: Sequence[LandmarkMove] = (),
    *,
    weights: Mapping[str, float] | None = None,
) -> MorphableFace:
    """A face after landmarks were moved and ARKit weights set: first the weights, then the moves in order.

    Args:
        face: that is edited; it is not changed.
        moves: in order.
        weights: by ARKit name; a name without a side sets both sides. Others stay.

    Raises:
        InputError: there is no such shape or landmark, one was moved further than faces go, or a weight lies
            outside `WEIGHT_RANGE`.
    """
    if weights:
        face = face.with_expression(_with_weights(face.expression, weights))
    landmarks_m = face.landmarks_m
    for move in moves:
        landmarks_m = moved(
            landmarks_m,
            region_landmarks(move.landmarks),
            np.array(move.by_mm) / 1000,
            radius_m=move.radius_mm / 1000,
            symmetric=move.symmetric,
        )
    return face.with_landmarks(landmarks_m) if moves else face


def _with_weights(expression: np.ndarray, weights: Mapping[str, float]) -> np.ndarray:
    names = {name: i for i, name in enumerate(load_head().expression_names)}
    changed = expression.copy()
    for name, value in weights.items():
        sided = [one for one in (name, name + "Left", name + "Right") if one in names]
        if not sided:
            raise InputError(f"the head has no shape {name!r}; mien head info lists them", source="weights")
        if not isinstance(value, int | float | np.number):
            raise InputError(f"{name} should be a number, not {value!r}", source="weights")
        if not WEIGHT_RANGE[0] <= value <= WEIGHT_RANGE[1]:
            raise InputError(
                f"{name}={value:g} is no weight; the shape as it was modelled has 1, and weights go from "
                f"{WEIGHT_RANGE[0]:g} to {WEIGHT_RANGE[1]:g}",
                source="weights",
            )
        for one in sided:
            changed[names[one]] = value
    return changed


@checked_call
def interpolate_faces(first: MorphableFace, second: MorphableFace, share: float) -> MorphableFace:
    """The first face on its way to the second one's landmarks: linear, as FLNeRF's figure 8.

    The head behind is interpolated with them, which keeps lids on eyeballs; the texture stays the first's.

    Args:
        first, second: the ends.
        share: 0 the first, 1 the second; beyond exaggerates.

    Raises:
        InputError: the share lies outside `WEIGHT_RANGE`.
    """
    if not WEIGHT_RANGE[0] <= share <= WEIGHT_RANGE[1]:
        raise InputError(
            f"must be 0 for the first face, 1 for the second, and at most {WEIGHT_RANGE[0]:g} or "
            f"{WEIGHT_RANGE[1]:g} beyond, not {share:g}",
            source="share",
        )

    def between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (1 - share) * a + share * b

    held = [face.held_m for face in (first, second)]
    nothing = np.zeros((load_head().vertex_count, 3))
    a, b = (nothing if each is None else each for each in held)
    return MorphableFace(
        first.texture,
        between(first.identity, second.identity),
        between(first.expression, second.expression),
        between(first.residual_m, second.residual_m),
        None if all(each is None for each in held) else between(a, b),
    )


@checked_call
def swap_faces(
    first: MorphableFace, second: MorphableFace, *, mode: Mode = "absolute"
) -> tuple[MorphableFace, MorphableFace]:
    """Each with its own texture and the other's landmarks (FLNeRF, section 5.1).

    Args:
        first, second: the faces.
        mode: absolute, as the paper, exchanges shape and expression; the others the expression alone.
    """
    return transfer_expression(first, second, mode=mode), transfer_expression(second, first, mode=mode)


@checked_call
def transfer_expression(
    face: MorphableFace, driver: MorphableFace, *, mode: Mode = "relative"
) -> MorphableFace:
    """A face that does what another one does.

    Args:
        face: whose texture and, but for absolute, shape stay.
        driver: whose expression is taken over.
        mode: see `Mode`.

    Raises:
        InputError: the mode is unknown.
    """
    if mode == "absolute":
        return replace(driver, texture=face.texture)
    if mode == "weights":
        return face.neutral().with_expression(driver.expression)
    if mode != "relative":
        raise InputError(f"there is no mode {mode!r}; choose relative, absolute or weights", source="mode")
    rest = face.neutral()
    delta_m = driver.landmarks_m - driver.neutral().landmarks_m
    sized_m = delta_m * _size(rest.landmarks_m) / _size(driver.neutral().landmarks_m)
    start = rest.with_expression(driver.expression)
    return start.with_landmarks(rest.landmarks_m + sized_m)


def _size(landmarks_m: Float[np.ndarray, "68 3"]) -> float:
    """Mean of the distance between the eyes and the face's height: what expressions scale with."""
    eyes = [landmarks_m[list(eye)].mean(axis=0) for eye in _EYES]
    height = landmarks_m[_JAW[0]] - landmarks_m[_JAW[1]]
    return float(np.linalg.norm(eyes[0] - eyes[1]) + np.linalg.norm(height)) / 2


@checked_call
def reenact_face(
    face: MorphableFace, drivers: Sequence[MorphableFace], *, mode: Mode = "relative"
) -> list[MorphableFace]:
    """A face that follows a sequence of another one's.

    Args:
        face: that moves.
        drivers: the sequence.
        mode: see `Mode`.
    """
    return [transfer_expression(face, driver, mode=mode) for driver in drivers]
