"""What is wrong with something that a reader gave: numbers that are not finite, shapes other than annotated.

Independent of the readers' own checks: shapes come from the annotations of the dataclasses.
"""

from __future__ import annotations

import math
import re
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

_SHAPE = re.compile(r"\[(?:np\.ndarray|Tensor), ['\"]([^'\"]*)['\"]\]")
_MAY_BE_UNKNOWN = {
    "HeadTrack": ("points_px", "sigma_px"),
    "Landmarks2D": ("points_px", "sigma_px"),
    "HeadFit": ("residuals_px",),
    "ExpressionMap": ("residual_mm",),
    "TrainingFacts": ("psnr_db",),
    "PseudoLabels": ("points_m", "rms_px", "exact_m", "template_m", "normals"),
    "PosedViews": ("exact_px", "exact_m"),
    "EncodedCrops": ("posed_mean", "yaw_rad"),
}
"""Where NaN, or an infinite deviation, is documented to mean that something is not known."""


def first_fault(value: Any, place: str = "result") -> str | None:
    """The first thing that is wrong, in words; None when all is well."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            return f"{place} is not finite"
        return f"{place} holds objects" if value.dtype.hasobject else None
    if isinstance(value, float | np.floating):
        return None if math.isfinite(value) else f"{place} is not finite"
    if isinstance(value, dict):
        return _first(first_fault(each, f"{place}.{name}") for name, each in value.items())
    if isinstance(value, list | tuple):
        return _first(first_fault(each, f"{place}[{index}]") for index, each in enumerate(value))
    if is_dataclass(value) and not isinstance(value, type):
        return _of_dataclass(value, place)
    return None


def _of_dataclass(value: Any, place: str) -> str | None:
    sizes: dict[str, int] = {}
    kind = type(value).__name__
    unknown = _MAY_BE_UNKNOWN.get(kind, ())
    for field in fields(value):
        each, where = getattr(value, field.name), f"{place}.{field.name}"
        fault = _shape_fault(each, str(field.type), sizes, where)
        if fault is None and field.name not in unknown:
            fault = first_fault(each, where)
        if fault is not None:
            return fault
    return _unknown_fault(value, kind, place)


def _shape_fault(value: Any, annotation: str, sizes: dict[str, int], where: str) -> str | None:
    match = _SHAPE.search(annotation)
    if match is None or not isinstance(value, np.ndarray):
        return None
    axes = match.group(1).split()
    if any(axis.startswith("*") for axis in axes):
        return None
    if len(axes) != value.ndim:
        return f"{where} has the shape {value.shape}, not ({' '.join(axes)})"
    for axis, length in zip(axes, value.shape, strict=True):
        expected = int(axis) if axis.isdigit() else sizes.setdefault(axis, length) if axis != "_" else length
        if expected != length:
            return f"{where} has the shape {value.shape}, not ({' '.join(axes)})"
    return None


def _unknown_fault(value: Any, kind: str, place: str) -> str | None:
    """NaN where something is known all the same."""
    if kind == "HeadTrack":
        lost = np.isnan(value.points_px).any(axis=2)
        if (lost.shape[1] and lost[value.tracked].all(axis=1).any()) or (
            np.isnan(value.sigma_px) & ~lost
        ).any():
            return f"{place} has NaN on tracked frames"
    if kind == "HeadFit":
        lost = np.isnan(value.landmarks.points_px).any(axis=1)
        if (np.isnan(value.residuals_px).any(axis=1) & ~lost).any():
            return f"{place} has NaN residuals of landmarks that are known"
    return None


def _first(faults: Any) -> str | None:
    return next((fault for fault in faults if fault is not None), None)
