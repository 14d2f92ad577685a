"""A picture and the camera that took it, and what readers of camera files share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.cameras import Camera
from mien.errors import InputError

HALF_PIXEL = 0.5
"""COLMAP and nerfstudio put (0, 0) at the *corner* of the top-left pixel, so the same
point has coordinates that are larger by half a pixel than mien's. Focal lengths do not change."""

_NEGLIGIBLE = 1e-8


@dataclass(frozen=True)
class PosedPicture:
    """One picture of a set with known cameras.

    Attributes:
        camera: in mien's convention; its world is the file's, in metres.
        path: the picture, or None when the file names none.
        name: what the file calls it.
    """

    camera: Camera
    path: Path | None
    name: str


def pinhole(
    *,
    fx: float,
    fy: float,
    cx: float,
    cy: float,
    width_px: int,
    height_px: int,
    camera_from_world: np.ndarray,
    metres_per_unit: float,
    corner_origin: bool,
) -> Camera:
    """A camera from a file's numbers.

    Args:
        corner_origin: the file's pixel (0, 0) is the top-left pixel's corner, not its centre.
    """
    shift = HALF_PIXEL if corner_origin else 0.0
    intrinsics = np.array([[fx, 0.0, cx - shift], [0.0, fy, cy - shift], [0.0, 0.0, 1.0]])
    pose = np.array(camera_from_world, float)
    pose[:3, 3] *= metres_per_unit
    return Camera(intrinsics, pose, int(width_px), int(height_px))


def refuse_distortion(coefficients: Sequence[float], *, source: str | Path, ignore: bool) -> None:
    """mien's cameras are pinholes.

    Raises:
        InputError: a lens coefficient is not zero and must not be ignored.
    """
    if not ignore and any(abs(value) > _NEGLIGIBLE for value in coefficients):
        raise InputError(
            f"has lens distortion {[round(float(v), 6) for v in coefficients]}, and mien's cameras are "
            "pinholes: undistort the pictures first (colmap image_undistorter, cv2.undistort), or pass "
            "ignore_distortion=True",
            source=source,
        )


def checked_rotation(matrix: np.ndarray, *, source: str | Path) -> np.ndarray:
    """The nearest rotation to a matrix that is one up to rounding.

    Raises:
        InputError: it is none.
    """
    if matrix.shape != (3, 3) or not np.isfinite(matrix).all():
        raise InputError("has a camera whose rotation is no 3×3 matrix", source=source)
    u, _, vt = np.linalg.svd(matrix)
    rotation = u @ vt
    if np.abs(rotation - matrix).max() > 1e-3 or np.linalg.det(rotation) < 0:
        raise InputError("has a camera whose rotation is no rotation matrix", source=source)
    return rotation
