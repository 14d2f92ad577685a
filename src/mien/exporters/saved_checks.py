"""Whether a saved fit or track can be one: shapes, types, ranges, NaN only where nothing is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mien.camera_files.checks import checked_camera
from mien.cameras import Camera
from mien.heads.from_version1 import NAME as BUILT_IN_NAME
from mien.heads.library import load_head
from mien.least_squares.solution import Status
from mien.reading.file_values import FileValues

MAX_WEIGHT = 1e3
"""Of identity, in standard deviations, and of expressions; fits of nonsense reach 20."""
MAX_ROTATION_RAD = 1e3
MAX_DISTANCE_M = 1e6
MAX_PX = 1e9
FOCALS = ("fixed", "near", "free")


def checked_common(values: FileValues, *, rows: str) -> dict[str, Any]:
    """What fits and tracks share, by name, with `camera`.

    Args:
        rows: name of the size that comes before the others in poses and expressions, or "".

    Raises:
        InputError: something is missing, of another shape, out of range, or not finite.
    """
    head_name, head_version = values.text("head_name"), values.text("head_version")
    names = values.texts("expression_names", "expression")
    _know_head(values, head_name, head_version)
    weights: dict[str, Any] = {"low": -MAX_WEIGHT, "high": MAX_WEIGHT}
    turns: dict[str, Any] = {"low": -MAX_ROTATION_RAD, "high": MAX_ROTATION_RAD}
    places: dict[str, Any] = {"low": -MAX_DISTANCE_M, "high": MAX_DISTANCE_M}
    camera = Camera(
        intrinsics=values.array("camera_intrinsics", "3 3"),
        camera_from_world=values.array("camera_from_world", "4 4"),
        width_px=values.integer("width_px"),
        height_px=values.integer("height_px"),
    )
    return {
        "camera": checked_camera(camera, source=values.source),
        "head_name": head_name,
        "head_version": head_version,
        "set_name": values.text("set_name"),
        "expression_names": names,
        "identity": values.array("identity", "identity", **weights),
        "expression": values.array("expression", f"{rows} expression", **weights),
        "joint_rotations": values.array("joint_rotations", f"{rows} 4 3", **turns),
        "root_rotation": values.array("root_rotation", f"{rows} 3", **turns),
        "root_translation_m": values.array("root_translation_m", f"{rows} 3", **places),
    }


def checked_fit(values: FileValues) -> dict[str, Any]:
    """A fit's values by name.

    Raises:
        InputError: as `checked_common`.
    """
    found = checked_common(values, rows="")
    status = Status[values.text("status", choices=[each.name for each in Status])]
    points_px, sigma_px = _landmarks(values, "landmarks")
    _check_set(values, found)
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
    """A track's values by name.

    Raises:
        InputError: as `checked_common`.
    """
    tracked = values.array("tracked", "frames", kind="flag")
    if not len(tracked):
        raise values.damaged("a track has at least one frame")
    found = checked_common(values, rows="frames")
    points_px, sigma_px = _landmarks(values, "frames landmarks")
    _check_set(values, found)
    known_points = np.count_nonzero(~np.isnan(points_px[tracked]).any(axis=-1), axis=-1)
    if points_px.shape[1] and (known_points == 0).any():
        raise values.damaged("points_px holds NaN on frames that were tracked")
    return {
        **found,
        "tracked": tracked,
        "points_px": points_px,
        "sigma_px": sigma_px,
        "times_s": values.array("times_s", "frames", low=-1e9, high=1e9),
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


def _know_head(values: FileValues, name: str, version: str) -> None:
    """Demand the sizes of the built-in head where the parameters are its own, or of its first version."""
    if name != BUILT_IN_NAME:
        return
    head = load_head()
    first = version.partition(".")[0]
    if first == head.version.partition(".")[0]:
        values.sizes.update(identity=head.identity_count)
        _demand(values, "expression", head.expression_count)
    elif first == "1":
        values.sizes.update(identity=100)


def _demand(values: FileValues, size: str, expected: int) -> None:
    if values.sizes.get(size, expected) != expected:
        raise values.damaged(f"it has {values.sizes[size]} names of {size}s, and the head has {expected}")
    values.sizes[size] = expected


def _check_set(values: FileValues, found: dict[str, Any]) -> None:
    if found["head_name"] != BUILT_IN_NAME:
        return
    known = load_head().landmark_sets.get(found["set_name"])
    if known is not None and values.sizes["landmarks"] != len(known):
        raise values.damaged(
            f"it has {values.sizes['landmarks']} landmarks, and the set {found['set_name']} {len(known)}"
        )


def by_name(weights: Any, names: Any) -> Any:
    """A fit's expression in JSON, an object from name to weight, as a list in the order of the names."""
    if not isinstance(weights, dict) or not isinstance(names, list):
        return weights
    if len(weights) != len(names) or not all(isinstance(name, str) and name in weights for name in names):
        return None  # no list: refused where it is taken
    return [math.nan if weights[name] is None else weights[name] for name in names]
