"""Where in a field a head may be: parts of what is solid that are as compact as heads are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mien.landmarks_in_fields.boxes import OUTER_EYE_CORNERS, Box
from mien.landmarks_in_fields.canonical import CleanField

SCALES = (0.75, 0.55, 0.4)
"""Radii of parts, over that of all that is solid."""
REACH = 1.7
"""A part is what lies within this many of its radii of its middle."""
SPACING = 1.0
"""Between the middles that are tried, over the radius."""
MOST_PLACES = 12
FILLED = 0.02
"""A part smaller than this share of its ball is no head."""
RADIUS_OVER_EYES = 1.25
"""Root mean square radius of a head over the distance of the outer corners of its eyes."""
BEHIND_EYES = 0.75
"""A head's middle lies so many of these distances behind the eyes' middle."""


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a cleaned field, seen as if it were all there is (an `Overview`).

    Attributes:
        clean: the field.
        middle_m: of the ball that is kept; reach_m: its radius. The field's unit.
        centre_m, radius_m: centre of mass and root mean square radius of what is solid in it.
    """

    clean: CleanField
    middle_m: Float[np.ndarray, " 3"]
    reach_m: float
    centre_m: Float[np.ndarray, " 3"]
    radius_m: float

    def overview(self, box: Box, size: int) -> Float[Tensor, "4 n n n"]:
        """A box as size³ voxels; what lies outside the ball is empty."""
        volume = self.clean.overview(box, size)
        away_m = np.linalg.norm(box.grid_m(size) - self.middle_m, axis=1)
        kept = torch.from_numpy((away_m < self.reach_m).reshape(size, size, size))
        return volume * kept


def likely_parts(clean: CleanField, *, most: int = MOST_PLACES) -> list[Part]:
    """Compact parts of what is solid, all over it and of several sizes.

    From each place of a lattice a ball moves to the centre of mass of what is in it, until it stays; balls
    that come to one place count once, and those with the most in them come first.
    """
    solid_m, weights = _thinned(clean)
    if not len(solid_m):
        return []
    parts: list[tuple[float, Part]] = []
    for scale in SCALES:
        radius_m = scale * clean.radius_m
        for middle_m in _lattice(solid_m, SPACING * radius_m):
            part = _settled(clean, solid_m, weights, middle_m, REACH * radius_m)
            if part is None or any(_alike(part, other) for _, other in parts):
                continue
            away_m = np.linalg.norm(solid_m - part.middle_m, axis=1)
            inside = weights[away_m < part.reach_m].sum()
            shell = weights[(away_m >= part.reach_m) & (away_m < 1.25 * part.reach_m)].sum()
            parts.append((float(shell / max(inside, 1e-9)), part))  # heads stand out: little is around them
    parts.sort(key=lambda one: one[0])
    return [part for _, part in parts[:most]]


def part_about(
    clean: CleanField, points_m: Float[np.ndarray, "68 3"], backwards: Float[np.ndarray, " 3"]
) -> Part | None:
    """The part that holds the head whose landmarks are these; None where nothing is solid there.

    Args:
        backwards: unit, from the face into the head.
    """
    right, left = points_m[list(OUTER_EYE_CORNERS)]
    eyes_m = float(np.linalg.norm(left - right))
    middle_m = (left + right) / 2 + BEHIND_EYES * eyes_m * backwards
    solid_m, weights = _thinned(clean)
    return _measured(clean, solid_m, weights, middle_m, REACH * RADIUS_OVER_EYES * eyes_m)


def part_at(clean: CleanField, middle_m: Float[np.ndarray, " 3"], radius_m: float) -> Part | None:
    """The part around a place, of a head of a root mean square radius; None where nothing is solid."""
    solid_m, weights = _thinned(clean)
    return _measured(clean, solid_m, weights, np.asarray(middle_m, float), REACH * radius_m)


def _thinned(clean: CleanField) -> tuple[np.ndarray, np.ndarray]:
    """Places of solid matter on a grid four times as coarse, and how much is at each."""
    shape = [-(-n // 4) * 4 for n in clean.solid.shape]
    padded = np.zeros(shape, np.float32)
    padded[tuple(slice(0, n) for n in clean.solid.shape)] = clean.solid
    blocks = padded.reshape(shape[0] // 4, 4, shape[1] // 4, 4, shape[2] // 4, 4).sum(axis=(1, 3, 5))
    where = np.argwhere(blocks > 0)
    return clean.low_m + (4 * where + 2) * clean.voxel_m, blocks[tuple(where.T)]


def _lattice(solid_m: np.ndarray, spacing_m: float) -> np.ndarray:
    """One solid place in each cell of a lattice that holds any."""
    cells = np.floor((solid_m - solid_m.min(axis=0)) / spacing_m).astype(int)
    _, first = np.unique(cells, axis=0, return_index=True)
    return solid_m[first]


def _settled(
    clean: CleanField, solid_m: np.ndarray, weights: np.ndarray, middle_m: np.ndarray, reach_m: float
) -> Part | None:
    part = None
    for _ in range(4):
        part = _measured(clean, solid_m, weights, middle_m, reach_m)
        if part is None or np.linalg.norm(part.centre_m - middle_m) < clean.voxel_m:
            break
        middle_m = part.centre_m
    return part


def _measured(
    clean: CleanField, solid_m: np.ndarray, weights: np.ndarray, middle_m: np.ndarray, reach_m: float
) -> Part | None:
    inside = np.linalg.norm(solid_m - middle_m, axis=1) < reach_m
    volume = 4 / 3 * np.pi * (reach_m / clean.voxel_m) ** 3
    if weights[inside].sum() < FILLED * volume or inside.sum() < 8:
        return None
    weight = weights[inside] / weights[inside].sum()
    centre_m = weight @ solid_m[inside]
    radius_m = float(np.sqrt(weight @ ((solid_m[inside] - centre_m) ** 2).sum(axis=1)))
    return Part(clean, np.asarray(middle_m, float), float(reach_m), centre_m, radius_m)


def _alike(first: Part, second: Part) -> bool:
    apart_m = np.linalg.norm(first.centre_m - second.centre_m)
    larger_m = max(first.reach_m, second.reach_m)
    return bool(apart_m < 0.25 * larger_m and 0.75 < first.reach_m / second.reach_m < 1.34)
