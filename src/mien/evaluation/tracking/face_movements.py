"""Four movements of a face from its landmarks, whatever set they are, and how well one follows another.

Lips, width of the mouth, lids and brows, each over the distance of the outer eye corners: what of an
expression is plain to see and has the same meaning in iBUG's 68 points and on MediaPipe's mesh.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.errors import ShapeError

MOVEMENTS: tuple[str, ...] = ("lips", "width", "lids", "brows")
"""Gap between the lips' inner edges, width of the mouth, mean gap of both eyes' lids, mean height of the
brows over the middle of the eyes."""

ENOUGH: tuple[float, ...] = (0.02, 0.02, 0.008, 0.01)
"""Standard deviation from which on a movement of `MOVEMENTS` is more than noise."""

_FEWEST_FRAMES = 10


@dataclass(frozen=True)
class MovementPoints:
    """Which points of a set measure the movements.

    Attributes:
        eyes: corners of both eyes: right outer, right inner, left inner, left outer.
        lips, width: two points each.
        lids: pairs of points, upper and lower.
        brows: two points of the right and of the left brow.
    """

    eyes: tuple[int, int, int, int]
    lips: tuple[int, int]
    width: tuple[int, int]
    lids: tuple[tuple[int, int], ...]
    brows: tuple[tuple[int, int], tuple[int, int]]


IBUG68 = MovementPoints(
    eyes=(36, 39, 42, 45),
    lips=(62, 66),
    width=(48, 54),
    lids=((37, 41), (38, 40), (43, 47), (44, 46)),
    brows=((19, 20), (23, 24)),
)
FACE_MESH = MovementPoints(
    eyes=(33, 133, 362, 263),
    lips=(13, 14),
    width=(61, 291),
    lids=((159, 145), (386, 374)),
    brows=((105, 66), (334, 296)),
)


@dataclass(frozen=True)
class Following:
    """How well a movement follows another one, frame by frame.

    Attributes:
        correlation: of the two; NaN where either stands still.
        slope: of the regression on the other: 0.5 when the movement is half as large.
        spread: standard deviation of the other one.
        frames: how many were compared.
    """

    correlation: float
    slope: float
    spread: float
    frames: int


def face_movements(
    points: Float[np.ndarray, "frames n d"], chosen: MovementPoints
) -> Float[np.ndarray, "frames 4"]:
    """The movements of `MOVEMENTS`, from points of the picture or of the head; NaN where points are."""

    def apart(first: int, second: int) -> np.ndarray:
        return np.linalg.norm(points[:, first] - points[:, second], axis=-1)

    right_outer, right_inner, left_inner, left_outer = chosen.eyes
    size = apart(right_outer, left_outer)
    across = (points[:, left_outer] - points[:, right_outer]) / size[:, None]
    heights = []
    for brow, eye in zip(chosen.brows, ((right_outer, right_inner), (left_inner, left_outer)), strict=True):
        over = points[:, list(brow)].mean(axis=1) - points[:, list(eye)].mean(axis=1)
        # Height stands on the line through the eyes, whatever the roll.
        heights.append(np.linalg.norm(over - (over * across).sum(axis=-1, keepdims=True) * across, axis=-1))
    lids = np.mean([apart(*pair) for pair in chosen.lids], axis=0)
    movements = np.stack([apart(*chosen.lips), apart(*chosen.width), lids, np.mean(heights, axis=0)], axis=1)
    return movements / size[:, None]


def following(ours: Float[np.ndarray, " frames"], theirs: Float[np.ndarray, " frames"]) -> Following:
    """Compare a movement with another one, over the frames in which both are known.

    Raises:
        ShapeError: the two differ in length.
    """
    if ours.shape != theirs.shape:
        raise ShapeError("a movement", expected=str(theirs.shape), actual=ours.shape)
    known = np.isfinite(ours) & np.isfinite(theirs)
    count = int(known.sum())
    if count < _FEWEST_FRAMES:
        return Following(float("nan"), float("nan"), float("nan"), count)
    ours, theirs = ours[known] - ours[known].mean(), theirs[known] - theirs[known].mean()
    own, other, shared = float(ours @ ours), float(theirs @ theirs), float(ours @ theirs)
    return Following(
        correlation=shared / float(np.sqrt(own * other)) if own * other > 0 else float("nan"),
        slope=shared / other if other > 0 else float("nan"),
        spread=float(np.sqrt(other / count)),
        frames=count,
    )
