"""Whether a camera out of a file is one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mien.cameras import Camera
from mien.errors import InputError

MAX_SIDE_PX = 100_000
MAX_FOCAL_PX = 1e9
MAX_DISTANCE_M = 1e9


def checked_camera(camera: Camera, *, source: str | Path, name: str = "") -> Camera:
    """The camera, once its numbers are known to be usable.

    Args:
        name: what the file calls its picture, for messages.

    Raises:
        InputError: a matrix has another shape or is not finite, the focal length is not above 0, the picture
            has no size, or the pose is not rigid.
    """
    who = f"the camera of {name!r}" if name else "the camera"

    def demand(right: bool | np.bool_, what: str) -> None:
        if not right:
            raise InputError(f"{who} {what}", source=source)

    k, pose = np.asarray(camera.intrinsics), np.asarray(camera.camera_from_world)
    demand(k.shape == (3, 3), f"has intrinsics of the shape {k.shape}, not (3, 3)")
    demand(pose.shape == (4, 4), f"has a pose of the shape {pose.shape}, not (4, 4)")
    demand(bool(np.isfinite(k).all()), "has intrinsics that are not finite (NaN or infinity)")
    demand(bool(np.isfinite(pose).all()), "has a pose that is not finite (NaN or infinity)")
    for side in (camera.width_px, camera.height_px):
        demand(
            1 <= side <= MAX_SIDE_PX,
            f"belongs to a picture of {camera.width_px} × {camera.height_px} pixels; sides go from 1 to "
            f"{MAX_SIDE_PX}",
        )
    demand(
        0 < k[0, 0] <= MAX_FOCAL_PX and 0 < k[1, 1] <= MAX_FOCAL_PX,
        f"has the focal length {k[0, 0]:.4g}, {k[1, 1]:.4g}; it must be positive",
    )
    demand(bool((np.abs(k[:2, 1:]) <= MAX_FOCAL_PX).all()), "has a principal point that is beyond everything")
    demand(
        k[1, 0] == 0 and np.array_equal(k[2], [0, 0, 1]),
        "has intrinsics that are none: below fx, 0, cx stand 0, fy, cy and 0, 0, 1",
    )
    demand(np.array_equal(pose[3], [0, 0, 0, 1]), "has a pose whose last row is not 0, 0, 0, 1")
    demand(bool((np.abs(pose[:3, 3]) <= MAX_DISTANCE_M).all()), "stands beyond everything")
    rotation = pose[:3, :3]
    demand(
        bool(np.abs(rotation).max() < 2)
        and bool(np.abs(rotation @ rotation.T - np.eye(3)).max() < 1e-3)
        and float(np.linalg.det(rotation)) > 0,
        "has a pose that is not rigid (a rotation and a translation)",
    )
    return camera
