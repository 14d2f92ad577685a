"""nerfstudio's transforms.json, and the simpler ones of instant-ngp and NeRF.

Poses there are camera to world with OpenGL's axes (x right, y up, z backwards): they are inverted and the
camera's y and z turned round. The principal point is half a pixel larger (`HALF_PIXEL`). The file's world
(+z up) stays. Of NeRF's own data sets, which hold transforms_train.json, _val and _test, all that are there
are read together.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mien.camera_files.lens import Projection, is_distorted, refuse_distortion, undistorting_camera
from mien.camera_files.options import CameraFileOptions
from mien.camera_files.picture_paths import picture_path
from mien.camera_files.posed_picture import PosedPicture, checked_rotation, pinhole
from mien.cameras import Camera
from mien.errors import InputError
from mien.reading.file_values import FileValues
from mien.reading.json_files import read_json_object
from mien.reading.regular_files import exists

OPENCV_FROM_OPENGL = np.diag([1.0, -1.0, -1.0])

_USUAL = CameraFileOptions()
_SPLITS = ("train", "val", "test")
_PERSPECTIVE = (
    "PINHOLE",
    "SIMPLE_PINHOLE",
    "SIMPLE_RADIAL",
    "RADIAL",
    "OPENCV",
    "FULL_OPENCV",
    "PERSPECTIVE",
)
_FISHEYE = ("OPENCV_FISHEYE", "FISHEYE", "SIMPLE_RADIAL_FISHEYE", "RADIAL_FISHEYE")
_OTHER_LENSES = ("ftheta_p0", "latlong", "equirectangular", "orthographic")
"""Marks of instant-ngp's lenses that are no pinholes."""
_LARGEST = 1e9


def read_transforms(path: str | Path, options: CameraFileOptions = _USUAL) -> list[PosedPicture]:
    """Cameras of a transforms.json, in its order.

    Values of a frame win over those of the file; null is as good as missing. A picture's size may be missing
    where the picture is there.

    Args:
        path: the file, or a folder with transforms.json or transforms_train.json, _val and _test.
        options: how to read it.

    Raises:
        InputError: the file is missing or broken, a value is missing or cannot be, a lens is no pinhole and
            cannot be undistorted, or a picture lies outside the folder.
    """
    path = Path(path)
    if path.is_dir():
        parts = [(part, path / f"transforms_{part}.json") for part in _SPLITS]
        parts = [(part, file) for part, file in parts if exists(file)]
        if exists(path / "transforms.json") or not parts:
            parts = [(None, path / "transforms.json")]
    else:
        parts = [(None, path)]
    pictures = []
    for part, file in parts:
        content = _content(file)
        splits = _splits(content)
        for index, frame in enumerate(content["frames"]):
            if not isinstance(frame, dict):
                raise InputError(f"frame {index} is not a JSON object", source=file)
            values = {name: value for name, value in {**content, **frame}.items() if value is not None}
            values.pop("frames", None)
            name = values.get("file_path", str(index))
            split = part or (splits.get(name) if isinstance(name, str) else None)
            pictures.append(_Frame(values, file, name, options).picture(split))
    return pictures


def _content(path: Path) -> dict[str, Any]:
    content = read_json_object(
        path,
        missing="does not exist; name a transforms.json or its folder",
        what="is no transforms.json: it cannot be read as JSON",
    )
    if not isinstance(content.get("frames"), list):
        raise InputError("is no transforms.json: it has no list named frames", source=path)
    if not content["frames"]:
        raise InputError("has no frames: its list of pictures is empty", source=path)
    return content


def _splits(content: dict[str, Any]) -> dict[str, str]:
    found = {}
    for split in _SPLITS:
        names = content.get(f"{split}_filenames")
        if isinstance(names, list):
            found |= {name: split for name in names if isinstance(name, str) and name}
    return found


class _Frame:
    """One picture's values."""

    def __init__(self, values: dict[str, Any], path: Path, name: object, options: CameraFileOptions) -> None:
        self.values, self.path, self.options = values, path, options
        self.name = name if isinstance(name, str) else f"{name!r}"[:60]
        self.file = self._path("file_path") if "file_path" in values else None

    def picture(self, split: str | None) -> PosedPicture:
        """The picture and its camera."""
        options = self.options
        projection, terms = self._lens()
        pose = self._pose()
        width_px, height_px = self._size()
        fx, fy = self._focals(width_px, height_px)
        camera = pinhole(
            fx=fx,
            fy=fy,
            # Without a principal point: the picture's middle.
            cx=self._number("cx", width_px / 2),
            cy=self._number("cy", height_px / 2),
            width_px=width_px,
            height_px=height_px,
            camera_from_world=pose,
            metres_per_unit=options.metres_per_unit,
            corner_origin=True,
            source=self.path,
            name=self.name,
        )
        found = PosedPicture(
            camera,
            self.file,
            self.name,
            mask_path=self._path("mask_path") if self.values.get("mask_path") else None,
            depth_path=self._path("depth_file_path") if self.values.get("depth_file_path") else None,
            # nerfstudio's default is the millimetre; the file's unit of length scales depths as well
            depth_unit_m=self._number("depth_unit_scale_factor", 1e-3) * options.metres_per_unit,
            split=split,
        )
        return self._undistorted(found, camera, projection, terms)

    def _undistorted(
        self, found: PosedPicture, camera: Camera, projection: Projection, terms: list[float]
    ) -> PosedPicture:
        if self.options.lenses == "ignore" or (projection == "perspective" and not is_distorted(terms)):
            return found
        if projection == "fisheye" and self.options.lenses == "refuse":
            raise InputError(
                "has fisheye cameras, and mien's are pinholes: undistort the pictures first", source=self.path
            )
        if self.options.lenses == "refuse":
            refuse_distortion(terms, source=self.path)
        camera, lens = undistorting_camera(projection, terms, camera, source=self.path, name=self.name)
        return replace(found, camera=camera, lens=lens)

    def _lens(self) -> tuple[Projection, list[float]]:
        """What kind of lens it is, and its terms as OpenCV has them."""
        model = self.values.get("camera_model", "OPENCV")
        model = model.upper() if isinstance(model, str) else repr(model)
        fisheye = model in _FISHEYE or self.values.get("is_fisheye") is True
        other = next((mark for mark in _OTHER_LENSES if self.values.get(mark) not in (None, False)), None)
        if other or (model not in _PERSPECTIVE and not fisheye):
            raise InputError(
                f"has cameras of the model {(other or model)[:60]!r}, and mien's are pinholes; it reads "
                f"{', '.join((*_PERSPECTIVE[:6], _FISHEYE[0]))}",
                source=self.path,
            )
        k = [self._number(f"k{index}", 0.0) for index in range(1, 7)]
        p = [self._number(f"p{index}", 0.0) for index in range(1, 3)]
        if fisheye:
            # Nobody's fisheye is exactly equidistant: zeros stand for a lens that was never calibrated.
            if not any(k[:4]) and self.options.lenses != "ignore":
                raise InputError(
                    "has fisheye cameras without the terms of their lenses (k1 to k4), so their pictures "
                    "cannot be undistorted, and mien's cameras are pinholes",
                    source=self.path,
                )
            return "fisheye", k[:4]
        if any(k[3:]) and self.options.lenses == "undistort" and model != "FULL_OPENCV":
            raise InputError(
                "has lens distortion with a term k4, which OpenCV cannot undo; undistort the pictures first",
                source=self.path,
            )
        if model == "FULL_OPENCV":
            return "perspective", [k[0], k[1], *p, *k[2:]]
        return "perspective", [k[0], k[1], *p, k[2], *([k[3]] if k[3] else [])]

    def _pose(self) -> np.ndarray:
        if "transform_matrix" not in self.values:
            raise InputError(f"frame {self.name!r} lacks transform_matrix", source=self.path)
        rows = self.values["transform_matrix"]
        values = FileValues({f"the transform_matrix of {self.name!r}": rows}, source=self.path,
                            remedy="it is camera to world, 4×4")  # fmt: skip
        count = 3 if isinstance(rows, list) and len(rows) == 3 else 4
        world_from_camera = values.array(f"the transform_matrix of {self.name!r}", f"{count} 4", nan=True,
                                         infinite=True)  # fmt: skip
        if not np.isfinite(world_from_camera).all():
            raise InputError(
                f"frame {self.name!r} has a transform_matrix with NaN or infinity", source=self.path
            )
        if np.abs(world_from_camera).max() > _LARGEST:
            raise InputError(
                f"frame {self.name!r} has a transform_matrix with huge numbers", source=self.path
            )
        rotation = checked_rotation(world_from_camera[:3, :3], source=self.path, name=self.name)
        if self.options.axes == "opengl":
            rotation = rotation @ OPENCV_FROM_OPENGL
        pose = np.eye(4)
        pose[:3, :3] = rotation.T
        pose[:3, 3] = -rotation.T @ world_from_camera[:3, 3]
        return pose

    def _size(self) -> tuple[int, int]:
        if "w" in self.values and "h" in self.values:
            return self._whole("w"), self._whole("h")
        if self.file is not None and exists(self.file):
            from mien.images.stored import picture_size_px

            return picture_size_px(self.file)
        if "cx" in self.values and "cy" in self.values:
            return round(2 * self._number("cx", 0.0)), round(2 * self._number("cy", 0.0))
        raise self._lacks(
            "w and h (the picture's size in pixels), and the picture is not there to be measured"
        )

    def _focals(self, width_px: int, height_px: int) -> tuple[float, float]:
        """Across and down; one stands for both where the other is not said."""
        fx = self._focal("fl_x", "camera_angle_x", width_px)
        fy = self._focal("fl_y", "camera_angle_y", height_px)
        if fx is None and (fy is None or "fl_y" in self.values):
            raise self._lacks("fl_x (focal length in pixels) or camera_angle_x (radians)")
        return (fx if fx is not None else fy), (fy if fy is not None else fx)  # type: ignore[return-value]

    def _focal(self, length: str, angle: str, side_px: int) -> float | None:
        if length in self.values:
            return self._number(length, 0.0)
        if angle not in self.values:
            return None
        angle_rad = self._number(angle, 0.0)
        if not 0 < angle_rad < math.pi:
            raise InputError(
                f"frame {self.name!r} has {angle} {angle_rad:.4g}; it is in radians", source=self.path
            )
        return 0.5 * side_px / math.tan(angle_rad / 2)

    def _path(self, key: str) -> Path:
        return picture_path(
            self.path.parent, self.values[key], source=self.path, outside=self.options.paths_outside
        )

    def _lacks(self, what: str) -> InputError:
        return InputError(f"frame {self.name!r} lacks {what}", source=self.path)

    def _number(self, key: str, otherwise: float) -> float:
        value = self.values.get(key, otherwise)
        if type(value) not in (int, float) or not math.isfinite(value) or abs(value) > _LARGEST:
            raise InputError(f"frame {self.name!r} has a value that is no number: {key}", source=self.path)
        return float(value)

    def _whole(self, key: str) -> int:
        number = self._number(key, 0.0)
        if number != int(number):
            raise InputError(f"frame {self.name!r} has {key} {number}, which is not whole", source=self.path)
        return int(number)
