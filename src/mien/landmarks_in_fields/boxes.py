"""Cubes in a field: where volumes are sampled and which coordinates the networks speak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Box:
    """A turned cube.

    Attributes:
        centre_m: (3,) in the field's frame and unit.
        half_side_m: half a side, in the field's unit.
        field_from_box: (3, 3) rotation; the box's axes are named as a head's: x left, y up, z forwards.
    """

    centre_m: Float[np.ndarray, " 3"]
    half_side_m: float
    field_from_box: Float[np.ndarray, "3 3"]

    def to_field(self, points: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
        """Points in the box's coordinates (its sides are -1 and 1) to the field's."""
        return self.half_side_m * points @ self.field_from_box.T + self.centre_m

    def from_field(self, points_m: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
        """The inverse of `to_field`."""
        return (points_m - self.centre_m) @ self.field_from_box / self.half_side_m

    def grid_m(self, size: int) -> Float[np.ndarray, "points 3"]:
        """Centres of size³ voxels in the field's frame; x is the slowest axis, z the quickest."""
        steps = (2 * np.arange(size) + 1) / size - 1
        grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
        return self.to_field(grid.reshape(-1, 3))


WHOLE_OVER_RADIUS = 2.0
"""Half a side of the coarse model's cube over the root mean square radius of what is solid."""


@dataclass(frozen=True)
class BoxSizes:
    """Sides of the fine model's cubes over the distance of the outer corners of the eyes (FLNeRF, §3.4)."""

    face: float = 2.3
    eye: float = 0.95
    mouth: float = 1.2


RIGHT_EYE_POINTS = (*range(17, 22), *range(36, 42))
LEFT_EYE_POINTS = (*range(22, 27), *range(42, 48))
MOUTH_POINTS = tuple(range(48, 68))
OUTER_EYE_CORNERS = (36, 45)


def fine_boxes(
    landmarks_m: Float[np.ndarray, "68 3"], field_from_head: Float[np.ndarray, "3 3"], sizes: BoxSizes
) -> list[Box]:
    """The boxes of face, left eye, right eye (both with the brow) and mouth, turned as the head is.

    Args:
        landmarks_m: 68 points in iBUG's order, the field's frame.
        field_from_head: the head's rotation.
    """
    right, left = landmarks_m[list(OUTER_EYE_CORNERS)]
    eye_distance_m = float(np.linalg.norm(left - right))
    out = []
    for points, side in (
        (tuple(range(68)), sizes.face),
        (LEFT_EYE_POINTS, sizes.eye),
        (RIGHT_EYE_POINTS, sizes.eye),
        (MOUTH_POINTS, sizes.mouth),
    ):
        centre_m = landmarks_m[list(points)].mean(axis=0)
        out.append(Box(centre_m, 0.5 * side * eye_distance_m, field_from_head))
    return out


def relative_places(boxes: Sequence[Box]) -> Float[np.ndarray, "boxes 4"]:
    """Centre and half a side of each box in the coordinates of the first; all are turned alike."""
    first = boxes[0]
    return np.stack([[*first.from_field(one.centre_m), one.half_side_m / first.half_side_m] for one in boxes])
