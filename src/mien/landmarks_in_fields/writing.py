"""3D landmarks as JSON and as a point cloud."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from mien.errors import InputError
from mien.files import write_text
from mien.landmarks_in_fields.types import Landmarks3D
from mien.reading.file_values import FileValues
from mien.reading.json_files import read_json_object

FORMAT_VERSION = 3
"""Files of version 2 call the points of "ict68" "ibug68"."""
SET_NAME = "ict68"
_NO_LANDMARKS = "is not a file of 3D landmarks, written by mien field landmarks"


def landmarks_document(landmarks: Landmarks3D) -> dict[str, Any]:
    """Plain data; NaN becomes null."""
    from mien import __version__

    def numbers(values: np.ndarray) -> list[Any] | None:
        return values.tolist() if np.isfinite(values).all() else None

    return {
        "format_version": FORMAT_VERSION,
        "mien_version": __version__,
        "set_name": landmarks.set_name,
        "found": landmarks.found,
        "confidence": landmarks.confidence,
        "points_m": numbers(landmarks.points_m),
        "sigma_m": numbers(landmarks.sigma_m),
        "coarse_points_m": numbers(landmarks.coarse_points_m),
        "field_from_head": numbers(landmarks.field_from_head),
    }


def write_landmarks(path: str | Path, landmarks: Landmarks3D) -> Path:
    """Write as JSON."""
    write_text(path, json.dumps(landmarks_document(landmarks), indent=1))
    return Path(path)


def read_landmarks(path: Path) -> Landmarks3D:
    """Read what `write_landmarks` wrote.

    Raises:
        InputError: it is not such a file.
    """
    content = read_json_object(path, what=_NO_LANDMARKS)
    if "format_version" not in content:
        raise InputError(_NO_LANDMARKS, source=path)
    if type(content["format_version"]) is not int or content["format_version"] != FORMAT_VERSION:
        raise InputError("is of another version; find the landmarks again", source=path)
    values = FileValues(content, source=path, remedy="find the landmarks again")
    found = values.flag("found")

    def array(name: str, shape: str, low: float = -1e9) -> np.ndarray:
        if name in values and content[name] is None and not found:
            return np.full([int(size) for size in shape.split()], np.nan)
        return values.array(name, shape, low=low, high=1e9)

    return Landmarks3D(
        array("points_m", "68 3"),
        values.number("confidence", low=0.0, high=1.0),
        found,
        array("field_from_head", "3 4"),
        array("coarse_points_m", "68 3"),
        array("sigma_m", "68", 0.0),
        values.text("set_name", choices=[SET_NAME]),
    )


def write_ply(path: str | Path, points_m: Float[np.ndarray, "points 3"]) -> Path:
    """Write points as an ASCII PLY file."""
    lines = ["ply", "format ascii 1.0", "comment 3D landmarks, metres", f"element vertex {len(points_m)}"]
    lines += ["property float x", "property float y", "property float z", "end_header"]
    lines += [" ".join(f"{value:.7g}" for value in point) for point in points_m]
    write_text(path, "\n".join(lines) + "\n")
    return Path(path)
