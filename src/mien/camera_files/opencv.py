"""Calibrations written by OpenCV's FileStorage (.yml, .yaml, .xml, .json): axes and pixels are mien's own.

One camera: `camera_matrix` (or `K`), `distortion_coefficients` (or `dist`), `image_width`, `image_height`,
and, where it is posed, `R` (a matrix or a rotation vector) and `T`, world to camera. Several: a list
`names`, and for each name `K_NAME`, `dist_NAME`, `R_NAME` (or `Rot_NAME`), `T_NAME`, and
`image_width`/`image_height` for all or with the name's suffix. `image_path` (or `image_path_NAME`) may name
the picture.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from mien.camera_files.lens import is_distorted, refuse_distortion, undistorting_camera
from mien.camera_files.opencv_storage import read_storage
from mien.camera_files.options import CameraFileOptions
from mien.camera_files.picture_paths import picture_path
from mien.camera_files.posed_picture import PosedPicture, checked_rotation, pinhole
from mien.errors import InputError
from mien.geometry.rotations import matrix_from_rotation_vector

_USUAL = CameraFileOptions()


def read_opencv(path: str | Path, options: CameraFileOptions = _USUAL) -> list[PosedPicture]:
    """Cameras of an OpenCV calibration file.

    Args:
        options: how to read it; a unit of `T` may be the millimetre, when the board was measured in these.

    Raises:
        InputError: the file is missing or lacks a value, or a lens has distortion.
    """
    path = Path(path)
    values = read_storage(path)
    names = values.get("names")
    if names is None:
        names = [""]
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise InputError("has a list of names that is none", source=path)
    return [_picture(values, name, path, options) for name in names]


def _picture(storage: dict[str, Any], name: str, path: Path, options: CameraFileOptions) -> PosedPicture:
    suffix = f"_{name}" if name else ""
    matrix = _matrix(storage, f"camera_matrix{suffix}", f"K{suffix}")
    width_px = _whole(storage, f"image_width{suffix}", "image_width")
    height_px = _whole(storage, f"image_height{suffix}", "image_height")
    if matrix is None or matrix.shape != (3, 3) or width_px is None or height_px is None:
        raise InputError(
            f"lacks camera_matrix{suffix} (or K{suffix}), image_width or image_height", source=path
        )
    distortion = _matrix(storage, f"distortion_coefficients{suffix}", f"dist{suffix}", f"D{suffix}")
    terms = [] if distortion is None else distortion.reshape(-1).tolist()
    if len(terms) > 8 and any(terms[8:]):
        raise InputError("has a thin-prism or tilted lens, which is not read; undistort first", source=path)
    if not np.isfinite(terms).all():
        raise InputError("has lens distortion that is not finite", source=path)
    terms = [] if options.lenses == "ignore" else terms[:8]
    if options.lenses == "refuse":
        refuse_distortion(terms, source=path)
    rotation = _matrix(storage, f"R{suffix}", f"Rot{suffix}")
    shift = _matrix(storage, f"T{suffix}", f"t{suffix}")
    pose = np.eye(4)
    if rotation is not None:
        if rotation.size not in (3, 9) or not np.isfinite(rotation).all():
            raise InputError(f"R{suffix} is neither a 3×3 matrix nor a rotation vector", source=path)
        if rotation.size == 3:
            rotation = matrix_from_rotation_vector(rotation.reshape(3))
        pose[:3, :3] = checked_rotation(rotation.reshape(3, 3), source=path)
    if shift is not None:
        if shift.size != 3:
            raise InputError(f"T{suffix} has {shift.size} numbers instead of 3", source=path)
        pose[:3, 3] = shift.reshape(-1)
    camera = pinhole(
        fx=matrix[0, 0],
        fy=matrix[1, 1],
        cx=matrix[0, 2],
        cy=matrix[1, 2],
        width_px=width_px,
        height_px=height_px,
        camera_from_world=pose,
        metres_per_unit=options.metres_per_unit,
        corner_origin=False,
        source=path,
        name=name or path.stem,
    )
    lens = None
    if is_distorted(terms):
        camera, lens = undistorting_camera(
            "perspective", _as_opencv(terms), camera, source=path, name=name or path.stem
        )
    picture = storage.get(f"image_path{suffix}")
    picture_file = None
    if isinstance(picture, str) and picture:
        picture_file = picture_path(path.parent, picture, source=path, outside=options.paths_outside)
    return PosedPicture(camera, picture_file, name or path.stem, lens=lens)


def _as_opencv(terms: list[float]) -> list[float]:
    """OpenCV takes 4, 5 or 8 terms."""
    count = next(count for count in (4, 5, 8) if len(terms) <= count)
    return [*terms, *[0.0] * (count - len(terms))]


def _matrix(storage: dict[str, Any], *keys: str) -> np.ndarray | None:
    for key in keys:
        value = storage.get(key)
        if isinstance(value, np.ndarray):
            return value
        if isinstance(value, list):  # as people write them by hand
            rows = value if value and all(isinstance(row, list) for row in value) else [value]
            if {type(number) for row in rows for number in row} <= {int, float} and len(
                set(map(len, rows))
            ) == 1:
                return np.array(rows, float)
    return None


def _whole(storage: dict[str, Any], *keys: str) -> int | None:
    for key in keys:
        value = storage.get(key)
        if isinstance(value, int | float) and math.isfinite(value) and value == int(value):
            return int(value)
    return None
