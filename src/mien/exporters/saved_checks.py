"""Whether a saved fit or track can be one: shapes, types, ranges, NaN only where nothing is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mien.fitting.saved_checks import MAX_PX, TIMES, check_set, checked_constants, checked_motion
from mien.least_squares.solution import Status
from mien.reading.file_values import FileValues

FOCALS = ("fixed", "near", "free")


def checked_fit(values: FileValues) -> dict[str, Any]:
    """A fit's values by name.

    Raises:
        InputError: something is missing, of another shape, out of range, or not finite.
    """
    found = {**checked_constants(values), **checked_motion(values, rows="")}
    status = Status[values.text("status", choices=[each.name for each in Status])]
    points_px, sigma_px = _landmarks(values, "landmarks")
    check_set(values, found)
    residuals_px = values.array("residuals_px", "landmarks 2", nan=True, infinite=not status.usable)
    unknown = np.isnan(points_px).any(axis=1)
    if status.usable and (np.isnan(residuals_px).any(axis=1) & ~unknown).any():
        raise values.damaged("residuals_px holds NaN where there is a landmark")
    history = values.array("cost_history", "steps", nan=not status.usable, infinite=not status.usable)
    return {
        **found,
        "status": status,
        "points_px": points_px,
        "sigma_px": sigma_px,
        "residuals_px": residuals_px,
        "reason": values.text("reason", longest=1000) if "reason" in values else "",
        "score": values.number("score", low=0.0, high=1.0),
        "iterations": values.integer("iterations"),
        "cost_history": tuple(history.tolist()),
        # Not in the files of mien 0.1.0, whose fits counted both as unknown.
        "focal": values.text("focal", choices=FOCALS) if "focal" in values else "free",
        "identity_known": values.flag("identity_known") if "identity_known" in values else False,
    }


def checked_track(values: FileValues) -> dict[str, Any]:
    """The values by name of a track of format 1, all of whose arrays lie in the file as they are.

    Raises:
        InputError: something is missing, of another shape, out of range, or not finite.
    """
    tracked = values.array("tracked", "frames", kind="flag")
    if not len(tracked):
        raise values.damaged("a track has at least one frame")
    found = {**checked_constants(values), **checked_motion(values, rows="frames")}
    points_px, sigma_px = _landmarks(values, "frames landmarks")
    check_set(values, found)
    known_points = np.count_nonzero(~np.isnan(points_px[tracked]).any(axis=-1), axis=-1)
    if points_px.shape[1] and (known_points == 0).any():
        raise values.damaged("points_px holds NaN on frames that were tracked")
    return {
        **found,
        "tracked": tracked,
        "points_px": points_px,
        "sigma_px": sigma_px,
        "times_s": values.array("times_s", "frames", **TIMES),
        "frames_per_second": values.number("frames_per_second", low=1e-6, high=1e6),
    }


def _landmarks(values: FileValues, rows: str) -> tuple[np.ndarray, np.ndarray]:
    """Points and deviations; a point that is not known is NaN in both coordinates, its deviation NaN or ∞."""
    points_px = values.array("points_px", f"{rows} 2", low=-MAX_PX, high=MAX_PX, nan=True)
    sigma_px = values.array("sigma_px", rows, low=0.0, nan=True, infinite=True)
    unknown = np.isnan(points_px)
    if (unknown[..., 0] != unknown[..., 1]).any():
        raise values.damaged("points_px holds NaN in one of two coordinates")
    if (np.isnan(sigma_px) & ~unknown[..., 0]).any():
        raise values.damaged("sigma_px holds NaN where there is a landmark")
    if (unknown[..., 0] & np.isfinite(sigma_px)).any():
        raise values.damaged("points_px holds NaN where sigma_px says that there is a landmark")
    return points_px, sigma_px


def by_name(weights: Any, names: Any) -> Any:
    """A fit's expression in JSON, an object from name to weight, as a list in the order of the names."""
    if not isinstance(weights, dict) or not isinstance(names, list):
        return weights
    if len(weights) != len(names) or not all(isinstance(name, str) and name in weights for name in names):
        return None  # no list: refused where it is taken
    return [math.nan if weights[name] is None else weights[name] for name in names]
