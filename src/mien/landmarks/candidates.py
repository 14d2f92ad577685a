"""Places that may hold a face: how the search network codes them, and which of them to keep."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.landmarks.pyramid import STRIDE_PX
from mien.landmarks.region import Region

UNIT_SIDE_PX = 32.0
"""The search network gives the logarithm of a region's side over this, at the network's scale."""


@dataclass(frozen=True)
class Candidate:
    """A region that may hold a face, and the probability that it does."""

    region: Region
    score: float


def encode(region: Region, row: int, column: int) -> Float[np.ndarray, " 5"]:
    """What the network's geometry output should say in a cell about a region (both at the network's scale).

    The five numbers: distance from the cell's centre to the region's in cells (x, y), logarithm of the side
    over `UNIT_SIDE_PX`, cosine and sine of the roll.
    """
    offset = (region.center_px - cell_center_px(row, column)) / STRIDE_PX
    size = np.log(region.side_px / UNIT_SIDE_PX)
    return np.array([offset[0], offset[1], size, np.cos(region.roll_rad), np.sin(region.roll_rad)])


def cell_center_px(row: int, column: int) -> Float[np.ndarray, " 2"]:
    """Centre (x, y) of a cell in the pixels of the network's input."""
    return np.array([column, row]) * STRIDE_PX + (STRIDE_PX - 1) / 2


def decode(
    logits: Float[np.ndarray, "rows columns"],
    geometry: Float[np.ndarray, "5 rows columns"],
    *,
    min_score: float,
) -> list[Candidate]:
    """The peaks of a score map as candidates at the network's scale: no neighbour of a peak is higher.

    Args:
        logits: score map before the logistic function.
        geometry: five numbers per cell, as `encode` makes them.
        min_score: probability that a peak must reach.
    """
    import cv2

    scores = 0.5 * (1 + np.tanh(np.asarray(logits, float) / 2))
    highest = cv2.dilate(scores, np.ones((3, 3), np.uint8))
    peaks = np.argwhere((scores >= highest) & (scores >= min_score))
    found = []
    for row, column in peaks.tolist():
        dx, dy, size, cosine, sine = np.asarray(geometry[:, row, column], float)
        region = Region(
            cell_center_px(row, column) + STRIDE_PX * np.array([dx, dy]),
            UNIT_SIDE_PX * float(np.exp(np.clip(size, -3, 3))),
            float(np.arctan2(sine, cosine)),
        )
        found.append(Candidate(region, float(scores[row, column])))
    return found


def suppress(
    candidates: list[Candidate], *, min_distance: float = 0.3, max_overlap: float = 0.4
) -> list[Candidate]:
    """Non-maximum suppression: of several candidates for one face the best, best first.

    A candidate goes when a better one is nearer than `min_distance` of the larger side of the two, or when
    the squares (taken as upright) share more than `max_overlap` of their union.
    """
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda candidate: -candidate.score):
        if all(
            _distance(candidate.region, other.region) >= min_distance
            and overlap(candidate.region, other.region) <= max_overlap
            for other in kept
        ):
            kept.append(candidate)
    return kept


def overlap(one: Region, other: Region) -> float:
    """Intersection over union of two regions' squares, taken as upright."""
    reach = (one.side_px + other.side_px) / 2 - np.abs(one.center_px - other.center_px)
    shared = np.prod(np.clip(reach, 0, min(one.side_px, other.side_px)))
    return float(shared / (one.side_px**2 + other.side_px**2 - shared))


def _distance(one: Region, other: Region) -> float:
    return float(np.linalg.norm(one.center_px - other.center_px)) / max(one.side_px, other.side_px)
