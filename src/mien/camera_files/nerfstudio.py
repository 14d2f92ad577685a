"""nerfstudio's transforms.json, and the simpler ones of instant-ngp and NeRF.

Poses there are camera to world with OpenGL's axes (x right, y up, z backwards): they are inverted and the
camera's y and z turned round. The principal point is half a pixel larger (`HALF_PIXEL`). The file's world
(+z up) stays. Of NeRF's own data sets, which hold transforms_train.json, _val and _test, all that are there
are read together.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

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

_SPLITS = ("train", "val", "test")


def read_transforms(
    path: str | Path,
    *,
    metres_per_unit: float = 1.0,
    ignore_distortion: bool = False,
    axes: Literal["opengl", "opencv"] = "opengl",
) -> list[PosedPicture]:
    """Cameras of a transforms.json, in its order.

    Values of a frame win over those of the file. A picture's size may be missing where the picture is there.

    Args:
        path: the file, or a folder with transforms.json or transforms_train.json, _val and _test.
        metres_per_unit: metres per unit of the file's world.
        ignore_distortion: use the pinhole part of a camera that has lens distortion.
        axes: of the file's cameras; "opencv" (y down, z forwards) for files that do not follow nerfstudio.

    Raises:
        InputError: the file is missing or broken, a value is missing, or a lens has distortion.
    """
    path = Path(path)
    if path.is_dir():
        parts = [(part, path / f"transforms_{part}.json") for part in _SPLITS]
        parts = [(part, file) for part, file in parts if file.exists()]
        if (path / "transforms.json").exists() or not parts:
            parts = [(None, path / "transforms.json")]
    else:
        parts = [(None, path)]
    pictures = []
    for part, file in parts:
        content = _content(file)
        if "FISHEYE" in str(content.get("camera_model", "")).upper() and not ignore_distortion:
            raise InputError("has fisheye cameras, and mien's are pinholes: undistort first", source=file)
        splits = {
            name: split for split in _SPLITS for name in content.get(f"{split}_filenames") or [] if name
        }
        for index, frame in enumerate(content["frames"]):
            if not isinstance(frame, dict):
                raise InputError(f"frame {index} is not a JSON object", source=file)
            values = {**content, **frame}
            split = part or splits.get(str(values.get("file_path")))
            picture = _picture(
                values,
                file,
                name=str(values.get("file_path", index)),
                metres_per_unit=metres_per_unit,
                ignore_distortion=ignore_distortion,
                opengl=axes == "opengl",
                split=split,
            )
            pictures.append(picture)
    return pictures


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError("does not exist; name a transforms.json or its folder", source=path) from error
    except (OSError, ValueError) as error:
        raise InputError(
            f"is no transforms.json: it cannot be read as JSON ({error})", source=path
        ) from error
    if not isinstance(content, dict) or not isinstance(content.get("frames"), list):
        raise InputError("is no transforms.json: it has no list named frames", source=path)
    if not content["frames"]:
        raise InputError("has no frames: its list of pictures is empty", source=path)
    return content


def _picture(
    values: dict[str, Any],
    path: Path,
    *,
    name: str,
    metres_per_unit: float,
    ignore_distortion: bool,
    opengl: bool,
    split: str | None,
) -> PosedPicture:
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
    except KeyError as error:
        raise InputError(f"frame {name!r} lacks {error.args[0]}", source=path) from error
    except (ValueError, TypeError) as error:
        raise InputError(f"frame {name!r} has a value that is no number: {error}", source=path) from error
    if world_from_camera.shape not in ((4, 4), (3, 4)):
        raise InputError(f"frame {name!r} has a transform_matrix that is not 4×4", source=path)
    if not np.isfinite(world_from_camera).all():
        raise InputError(f"frame {name!r} has a transform_matrix with NaN or infinity", source=path)
    refuse_distortion(distortion, source=path, ignore=ignore_distortion)
    rotation = checked_rotation(world_from_camera[:3, :3], source=path, name=name)
    if opengl:
        rotation = rotation @ OPENCV_FROM_OPENGL
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
    return PosedPicture(
        camera,
        picture,
        name,
        mask_path=path.parent / str(values["mask_path"]) if values.get("mask_path") else None,
        depth_path=path.parent / str(values["depth_file_path"]) if values.get("depth_file_path") else None,
        # nerfstudio's default is the millimetre; the file's unit of length scales depths as well
        depth_unit_m=float(values.get("depth_unit_scale_factor", 1e-3)) * metres_per_unit,
        split=split,
    )


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
        from mien.images.stored import picture_size_px

        return picture_size_px(picture)
    if "cx" in values and "cy" in values:
        return round(2 * float(values["cx"])), round(2 * float(values["cy"]))
    raise KeyError("w and h (the picture's size in pixels), and the picture is not there to be measured")


def _focal_x(values: dict[str, Any], width_px: int) -> float:
    if "fl_x" in values:
        return float(values["fl_x"])
    if "camera_angle_x" not in values:
        raise KeyError("fl_x (focal length in pixels) or camera_angle_x (radians)")
    return 0.5 * width_px / float(np.tan(float(values["camera_angle_x"]) / 2))
