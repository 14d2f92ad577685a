"""Accuracy of landmarks, as the literature reports it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from mien.errors import InputError, ShapeError

IBUG_OUTER_EYE_CORNERS = (36, 45)


def inter_ocular_px(points_px: Float[np.ndarray, "*n 68 2"]) -> Float[np.ndarray, "*n"]:
    """Distance between the outer eye corners of 68 iBUG landmarks (Sagonas et al. 2013)."""
    right, left = IBUG_OUTER_EYE_CORNERS
    return np.linalg.norm(points_px[..., right, :] - points_px[..., left, :], axis=-1)


def box_px(points_px: Float[np.ndarray, "*n landmarks 2"]) -> Float[np.ndarray, "*n"]:
    """Square root of the area of the points' upright box."""
    extent = points_px.max(axis=-2) - points_px.min(axis=-2)
    return np.sqrt(extent[..., 0] * extent[..., 1])


NORMALISERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"inter-ocular": inter_ocular_px, "box": box_px}
"""What an error in pixels is divided by, from the true points."""


def normalised_mean_errors(
    predicted_px: Float[np.ndarray, "faces landmarks 2"],
    true_px: Float[np.ndarray, "faces landmarks 2"],
    *,
    normaliser: str = "inter-ocular",
) -> Float[np.ndarray, " faces"]:
    """Each face's mean point error over its size (NME, a share, not percent); NaN where predicted as NaN.

    Args:
        predicted_px: what was predicted; a face that was not found is all NaN.
        true_px: the labels.
        normaliser: one of `NORMALISERS`.

    Raises:
        InputError: the normaliser is unknown.
        ShapeError: the two differ in shape.
    """
    if normaliser not in NORMALISERS:
        raise InputError(f"unknown normaliser {normaliser!r}; choose one of {', '.join(NORMALISERS)}")
    if predicted_px.shape != true_px.shape:
        raise ShapeError("predicted points", expected=str(true_px.shape), actual=predicted_px.shape)
    distances_px = np.linalg.norm(predicted_px - true_px, axis=-1).mean(axis=-1)
    return distances_px / NORMALISERS[normaliser](true_px)


def failure_rate(errors: Float[np.ndarray, " faces"], *, threshold: float = 0.1) -> float:
    """Share of faces whose error is above the threshold; a face that was not found (NaN) is a failure."""
    return float(np.mean(~(errors <= threshold)))


def area_under_curve(errors: Float[np.ndarray, " faces"], *, threshold: float = 0.1) -> float:
    """Area under the cumulative error curve up to the threshold, over its largest possible value.

    1 when every error is 0, 0 when every face fails. The curve is a staircase, so the area is exact.
    """
    gain = np.clip(threshold - np.where(np.isfinite(errors), errors, np.inf), 0, None)
    return float(np.mean(gain) / threshold)
