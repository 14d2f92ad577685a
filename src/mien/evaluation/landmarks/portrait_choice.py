"""Which of a network's landmarks show people best: tells a wrong choice from points that see nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from mien.evaluation.landmarks.portrait_points import OUTER_EYE_CORNERS
from mien.evaluation.landmarks.portraits import (
    Compared,
    PortraitFigures,
    complex_points,
    known_people,
    laid_onto,
    mean_shape,
    two_folds,
)

NEAR = 0.15
"""A landmark may stand for a point that lies within this share of the eyes' distance, on average."""


def figures_of_choice(
    all_px: Float[np.ndarray, "people landmarks 2"],
    points_px: Float[np.ndarray, "people 26 2"],
    true_px: Float[np.ndarray, "people 26 2"],
    *,
    groups: Sequence[str] | None = None,
    choose: Literal["nearest", "best"] = "best",
) -> PortraitFigures:
    """`portrait_figures` with other landmarks, chosen on every second person for the others.

    Args:
        all_px: every landmark; NaN where nothing was found.
        points_px: those that stand for the points so far, whose similarity is taken out before choosing.
        true_px: the hand-placed points.
        groups: as for `portrait_figures`.
        choose: for each point the landmark that lies nearest on average, or the one nearby that moves most as
            the point does from person to person.
    """
    known = known_people(points_px)
    found, usual, true = (complex_points(each[known]) for each in (all_px, points_px, true_px))
    folds = two_folds(known)
    zeroth, first = (
        Compared.of(found[:, _choice(found[others], usual[others], true[others], choose)], true, folds)
        for others in (folds == 1, folds == 0)
    )
    names = None if groups is None else np.array(groups)[known].tolist()
    return Compared.by_fold(zeroth, first, folds).all_figures(names)


def _choice(
    found: np.ndarray, usual: np.ndarray, true: np.ndarray, choose: str
) -> Int[np.ndarray, " points"]:
    """For each point the index of a landmark."""
    frame = mean_shape(true)
    true_there = laid_onto(frame, true)
    middle = usual.mean(axis=1, keepdims=True)
    factor = (usual - middle).conj() @ (frame - frame.mean()) / (np.abs(usual - middle) ** 2).sum(axis=1)
    there = factor[:, None] * (found - middle) + frame.mean()
    away = np.abs(there.mean(axis=0)[:, None] - true_there.mean(axis=0))
    if choose == "nearest":
        return away.argmin(axis=0)
    right, left = OUTER_EYE_CORNERS
    reach = NEAR * np.abs(frame[left] - frame[right])
    moved, wanted = there - there.mean(axis=0), true_there - true_there.mean(axis=0)
    error = (np.abs(moved[:, :, None] - wanted[:, None]) ** 2).sum(axis=0)
    return np.where(away <= np.maximum(reach, away.min(axis=0)), error, np.inf).argmin(axis=0)
