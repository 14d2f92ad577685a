"""Calibrations written by OpenCV's FileStorage (.yml, .yaml, .xml, .json): axes and pixels are mien's own.

One camera: `camera_matrix` (or `K`), `distortion_coefficients` (or `dist`), `image_width`, `image_height`,
and, where it is posed, `R` (a matrix or a rotation vector) and `T`, world to camera. Several: a list
`names`, and for each name `K_NAME`, `dist_NAME`, `R_NAME` (or `Rot_NAME`), `T_NAME`, and
`image_width`/`image_height` for all or with the name's suffix. `image_path` (or `image_path_NAME`) may name
the picture.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mien.camera_files.posed_picture import PosedPicture, checked_rotation, pinhole, refuse_distortion
from mien.errors import InputError
from mien.geometry.rotations import matrix_from_rotation_vector


def read_opencv(
    path: str | Path, *, metres_per_unit: float = 1.0, ignore_distortion: bool = False
) -> list[PosedPicture]:
    """Cameras of an OpenCV calibration file.

    Args:
        metres_per_unit: metres per unit of `T`, for example 0.001 when the board was measured in millimetres.
        ignore_distortion: use the pinhole part of a camera that has lens distortion.

    Raises:
        InputError: the file is missing or lacks a value, or a lens has distortion.
    """
    import cv2

    path = Path(path)
    if not path.exists():
        raise InputError("there is no such file", source=path)
    try:
        storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_READ)
        opened = storage.isOpened()
    except (cv2.error, SystemError) as error:  # OpenCV raises the second for an empty file
        raise InputError("is not a file of OpenCV's FileStorage", source=path) from error
    if not opened:
        raise InputError("is not a file of OpenCV's FileStorage", source=path)
    try:
        node = storage.getNode("names")
        names = [node.at(i).string() for i in range(node.size())] if node.isSeq() else [""]
        return [_picture(storage, name, path, metres_per_unit, ignore_distortion) for name in names]
    finally:
        storage.release()


def _picture(
    storage: Any, name: str, path: Path, metres_per_unit: float, ignore_distortion: bool
) -> PosedPicture:
    suffix = f"_{name}" if name else ""
    matrix = _matrix(storage, f"camera_matrix{suffix}", f"K{suffix}")
    width_px = _number(storage, f"image_width{suffix}", "image_width")
    height_px = _number(storage, f"image_height{suffix}", "image_height")
    if matrix is None or matrix.shape != (3, 3) or width_px is None or height_px is None:
        raise InputError(
            f"lacks camera_matrix{suffix} (or K{suffix}), image_width or image_height", source=path
        )
    distortion = _matrix(storage, f"distortion_coefficients{suffix}", f"dist{suffix}", f"D{suffix}")
    if distortion is not None:
        refuse_distortion(distortion.reshape(-1).tolist(), source=path, ignore=ignore_distortion)
    rotation = _matrix(storage, f"R{suffix}", f"Rot{suffix}")
    shift = _matrix(storage, f"T{suffix}", f"t{suffix}")
    pose = np.eye(4)
    if rotation is not None:
        if rotation.size == 3:
            rotation = matrix_from_rotation_vector(rotation.reshape(3))
        pose[:3, :3] = checked_rotation(rotation, source=path)
    if shift is not None:
        pose[:3, 3] = shift.reshape(-1)[:3]
    camera = pinhole(
        fx=matrix[0, 0],
        fy=matrix[1, 1],
        cx=matrix[0, 2],
        cy=matrix[1, 2],
        width_px=int(width_px),
        height_px=int(height_px),
        camera_from_world=pose,
        metres_per_unit=metres_per_unit,
        corner_origin=False,
    )
    picture = storage.getNode(f"image_path{suffix}")
    picture_path = path.parent / picture.string() if picture.isString() else None
    return PosedPicture(camera, picture_path, name or path.stem)


def _matrix(storage: Any, *keys: str) -> np.ndarray | None:
    for key in keys:
        node = storage.getNode(key)
        if node.isMap():
            value = node.mat()
            if value is not None:
                return np.asarray(value, float)
        if node.isSeq():
            return np.array([node.at(i).real() for i in range(node.size())])
    return None


def _number(storage: Any, *keys: str) -> float | None:
    for key in keys:
        node = storage.getNode(key)
        if node.isInt() or node.isReal():
            return node.real()
    return None
