"""nerfstudio's transforms.json, and the simpler ones of instant-ngp and NeRF.

Poses there are camera to world with OpenGL's axes (x right, y up, z backwards): they are inverted and the
camera's y and z turned round. The principal point is half a pixel larger (`HALF_PIXEL`). The file's world
(+z up) stays.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from mien.camera_files.posed_picture import (
    PosedPicture,
    checked_rotation,
    pinhole,
    refuse_distortion,
)
from mien.errors import InputError

OPENCV_FROM_OPENGL = np.diag([1.0, -1.0, -1.0])

_DISTORTION = ("k1", "k2", "k3", "k4", "p1", "p2")


def read_transforms(
    path: str | Path, *, metres_per_unit: float = 1.0, ignore_distortion: bool = False
) -> list[PosedPicture]:
    """Cameras of a transforms.json, in its order.

    Values of a frame win over those of the file. A picture's size may be missing where the picture is there.

    Args:
        metres_per_unit: metres per unit of the file's world.
        ignore_distortion: use the pinhole part of a camera that has lens distortion.

    Raises:
        InputError: the file is missing or broken, a value is missing, or a lens has distortion.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        frames = content["frames"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError("is no transforms.json (JSON with a list of frames)", source=path) from error
    if "FISHEYE" in str(content.get("camera_model", "")).upper() and not ignore_distortion:
        raise InputError("has fisheye cameras, and mien's are pinholes: undistort first", source=path)
    return [
        _picture({**content, **frame}, index, path, metres_per_unit, ignore_distortion)
        for index, frame in enumerate(frames)
    ]


def _picture(
    values: dict[str, Any], index: int, path: Path, metres_per_unit: float, ignore_distortion: bool
) -> PosedPicture:
    name = str(values.get("file_path", index))
    picture = _existing(path.parent / name) if "file_path" in values else None
    try:
        distortion = [float(values.get(key, 0)) for key in _DISTORTION]
        world_from_camera = np.array(values["transform_matrix"], float)
        width_px, height_px = _size(values, picture)
        fx = _focal_x(values, width_px)
        fy = float(values.get("fl_y", fx))
        # Without a principal point: the picture's middle.
        cx = float(values.get("cx", width_px / 2))
        cy = float(values.get("cy", height_px / 2))
    except (KeyError, ValueError, TypeError) as error:
        raise InputError(f"frame {name!r} lacks {error}", source=path) from error
    if world_from_camera.shape not in ((4, 4), (3, 4)):
        raise InputError(f"frame {name!r} has a transform_matrix that is not 4×4", source=path)
    refuse_distortion(distortion, source=path, ignore=ignore_distortion)
    rotation = checked_rotation(world_from_camera[:3, :3], source=path) @ OPENCV_FROM_OPENGL
    pose = np.eye(4)
    pose[:3, :3] = rotation.T
    pose[:3, 3] = -rotation.T @ world_from_camera[:3, 3]
    camera = pinhole(
        fx=fx,
        fy=fy,
        cx=cx,
        cy=cy,
        width_px=width_px,
        height_px=height_px,
        camera_from_world=pose,
        metres_per_unit=metres_per_unit,
        corner_origin=True,
    )
    return PosedPicture(camera, picture, name)


def _existing(path: Path) -> Path:
    """NeRF's own files leave the suffix out."""
    if path.suffix or path.exists():
        return path
    candidates = [path.with_suffix(suffix) for suffix in (".png", ".jpg", ".jpeg")]
    return next((candidate for candidate in candidates if candidate.exists()), path)


def _size(values: dict[str, Any], picture: Path | None) -> tuple[int, int]:
    if "w" in values and "h" in values:
        return int(values["w"]), int(values["h"])
    if picture is not None and picture.exists():
        from PIL import Image

        with Image.open(picture) as image:
            return image.size
    if "cx" in values and "cy" in values:
        return round(2 * float(values["cx"])), round(2 * float(values["cy"]))
    raise KeyError("w and h")


def _focal_x(values: dict[str, Any], width_px: int) -> float:
    if "fl_x" in values:
        return float(values["fl_x"])
    return 0.5 * width_px / float(np.tan(float(values["camera_angle_x"]) / 2))
