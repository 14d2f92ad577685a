"""FLNeRF's figures: Wing loss times ten of regions of the face, over all and over exaggerated expressions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.geometry.alignment import align_rigid
from mien.landmarks_in_fields.wing import millimetres_of_wing, wing
from mien.synthetic.expressions import EXAGGERATED

REGIONS: dict[str, tuple[int, ...]] = {
    "whole": tuple(range(68)),
    "mouth": tuple(range(48, 68)),
    "eyes": tuple(range(36, 48)),
    "nose": tuple(range(27, 36)),
}
"""The paper does not say which points its regions have; these are iBUG's."""
EXAGGERATED_NAMES = frozenset({"mouth_stretch", *EXAGGERATED})
"""The paper's exaggerated ones: mouth stretching among the 20, and ten of the 110."""

WRONG_MM = 20.0
"""A face whose landmarks are further off on average was not found, whatever the confidence says."""


@dataclass(frozen=True)
class FieldResult:
    """One method's landmarks of one face.

    Attributes:
        predicted_m: (68, 3), NaN where the method found no face.
        true_m: (68, 3); expression: its name.
    """

    predicted_m: Float[np.ndarray, "68 3"]
    true_m: Float[np.ndarray, "68 3"]
    expression: str

    @property
    def found(self) -> bool:
        return bool(np.isfinite(self.predicted_m).all())

    def wing_x10(self, region: str) -> float:
        """Mean Wing loss of a region's coordinates times ten."""
        points = list(REGIONS[region])
        return float(10 * wing(self.predicted_m[points], self.true_m[points]).mean())

    def distance_mm(self, region: str) -> float:
        """Mean distance of a region's points, millimetres."""
        points = list(REGIONS[region])
        return float(1000 * np.linalg.norm(self.predicted_m[points] - self.true_m[points], axis=1).mean())

    def pose_error(self) -> PoseFigure:
        """Turn and shift between the predicted and the true landmarks as rigid bodies."""
        rotation = align_rigid(self.true_m, self.predicted_m).rotation
        turn = np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1))
        shift_m = self.predicted_m.mean(axis=0) - self.true_m.mean(axis=0)
        return PoseFigure(float(np.degrees(turn)), float(1000 * np.linalg.norm(shift_m)))


@dataclass(frozen=True)
class PoseFigure:
    """Rotation error in degrees, distance of the landmarks' means in millimetres."""

    rotation_deg: float
    position_mm: float


@dataclass(frozen=True)
class RegionFigure:
    """Mean and standard deviation over faces of Wing ×10, the mm a coordinate that the mean stands for, and
    the mean distance of the points in mm."""

    wing_x10: float
    spread: float
    mm_per_coordinate: float
    distance_mm: float


@dataclass(frozen=True)
class MethodFigures:
    """A row of the table.

    Attributes:
        faces: measured; missed: of these without any landmarks (left out of the means).
        wrong: of these more than `WRONG_MM` off on average.
        everything, exaggerated: by region.
        pose: median errors.
    """

    name: str
    faces: int
    missed: int
    wrong: int
    everything: dict[str, RegionFigure]
    exaggerated: dict[str, RegionFigure]
    pose: PoseFigure


def figures(name: str, results: Sequence[FieldResult]) -> MethodFigures:
    """Sum up one method."""
    found = [result for result in results if result.found]
    poses = [result.pose_error() for result in found] or [PoseFigure(float("nan"), float("nan"))]
    return MethodFigures(
        name,
        len(results),
        len(results) - len(found),
        sum(result.distance_mm("whole") > WRONG_MM for result in found),
        _by_region(found),
        _by_region([result for result in found if result.expression in EXAGGERATED_NAMES]),
        PoseFigure(
            float(np.median([pose.rotation_deg for pose in poses])),
            float(np.median([pose.position_mm for pose in poses])),
        ),
    )


def _by_region(results: Sequence[FieldResult]) -> dict[str, RegionFigure]:
    out = {}
    for region in REGIONS:
        if not results:
            nothing = float("nan")
            out[region] = RegionFigure(nothing, nothing, nothing, nothing)
            continue
        values = np.array([result.wing_x10(region) for result in results])
        distances = [result.distance_mm(region) for result in results]
        out[region] = RegionFigure(
            float(values.mean()),
            float(values.std()),
            millimetres_of_wing(float(values.mean()) / 10),
            float(np.mean(distances)),
        )
    return out
