"""A picture and the camera that took it, and what readers of camera files share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.camera_files.checks import checked_camera
from mien.camera_files.lens import Lens
from mien.cameras import Camera
from mien.errors import InputError

HALF_PIXEL = 0.5
"""COLMAP and nerfstudio put (0, 0) at the *corner* of the top-left pixel, so the same
point has coordinates that are larger by half a pixel than mien's. Focal lengths do not change."""


@dataclass(frozen=True, eq=False)
class PosedPicture:
    """One picture of a set with known cameras.

    Attributes:
        camera: in mien's convention; its world is the file's, in metres. With a `lens`, that of the
            undistorted picture.
        path: the picture, or None when the file names none.
        name: what the file calls it.
        mask_path: a grey picture, white where the subject is; None when the file names none.
        depth_path: a 16-bit picture or an .npy array of depths along the camera's axis; or None.
        depth_unit_m: metres per unit of the depths.
        split: "train", "val" or "test" when the file says to which part the picture belongs.
        lens: that bent the picture; None where it is a pinhole's.
    """

    camera: Camera
    path: Path | None
    name: str
    mask_path: Path | None = None
    depth_path: Path | None = None
    depth_unit_m: float = 0.001
    split: str | None = None
    lens: Lens | None = None


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
    source: str | Path,
    name: str,
) -> Camera:
    """A camera from a file's numbers.

    Args:
        corner_origin: the file's pixel (0, 0) is the top-left pixel's corner, not its centre.
        source, name: the file, and what it calls the picture, for messages.

    Raises:
        InputError: the numbers are no camera's (`checked_camera`).
    """
    shift = HALF_PIXEL if corner_origin else 0.0
    intrinsics = np.array([[fx, 0.0, cx - shift], [0.0, fy, cy - shift], [0.0, 0.0, 1.0]])
    pose = np.array(camera_from_world, float)
    pose[:3, 3] *= metres_per_unit
    return checked_camera(Camera(intrinsics, pose, width_px, height_px), source=source, name=name)


def checked_rotation(matrix: np.ndarray, *, source: str | Path, name: str = "") -> np.ndarray:
    """The nearest rotation to a matrix that is one up to rounding.

    Args:
        name: what the file calls the picture, for messages.

    Raises:
        InputError: it is none; the message says in which way.
    """
    camera = f"the camera of {name!r}" if name else "a camera"
    if matrix.shape != (3, 3):
        raise InputError(f"has {camera} with a rotation that is no 3×3 matrix", source=source)
    if not np.isfinite(matrix).all():
        raise InputError(f"has {camera} with a rotation that is not finite (NaN or infinity)", source=source)
    u, stretch, vt = np.linalg.svd(matrix)
    rotation = u @ vt
    if np.linalg.det(matrix) < 0:
        raise InputError(
            f"has {camera} with a rotation that mirrors (determinant {np.linalg.det(matrix):.2f}): one axis "
            "is turned round too many or too few; a change of axes turns two of them",
            source=source,
        )
    if np.abs(rotation - matrix).max() > 1e-3:
        if stretch.min() > 0 and stretch.max() / stretch.min() < 1 + 1e-3:
            fault = f"is scaled by {stretch.mean():.4g}; divide it out and scale the translations instead"
        else:
            low, high = stretch.min(), stretch.max()
            fault = f"is not rigid: it stretches by {low:.3g} to {high:.3g}, and a rotation by 1 everywhere"
        raise InputError(f"has {camera} with a rotation that {fault}", source=source)
    return rotation
