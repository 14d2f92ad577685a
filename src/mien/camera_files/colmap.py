"""COLMAP's text model: cameras.txt and images.txt.

Poses are world to camera with OpenCV's axes, as mien's; the principal point is half a pixel larger
(`HALF_PIXEL`). The scale of a reconstruction from pictures alone is arbitrary: give `metres_per_unit`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.camera_files.posed_picture import PosedPicture, pinhole, refuse_distortion
from mien.errors import InputError

_FOCALS = {"SIMPLE_PINHOLE": 1, "PINHOLE": 2, "SIMPLE_RADIAL": 1, "RADIAL": 1, "OPENCV": 2, "FULL_OPENCV": 2}
"""Camera models that are read, and how many focal lengths each starts with; cx, cy and lens terms follow."""


@dataclass(frozen=True)
class _Lens:
    fx: float
    fy: float
    cx: float
    cy: float
    width_px: int
    height_px: int


def read_colmap(
    folder: str | Path,
    *,
    pictures: str | Path | None = None,
    metres_per_unit: float = 1.0,
    ignore_distortion: bool = False,
) -> list[PosedPicture]:
    """Cameras of a COLMAP model in text form, in the order of their pictures' names.

    Args:
        folder: holds cameras.txt and images.txt.
        pictures: folder of the pictures; the model's own folder when None.
        metres_per_unit: metres per unit of the model.
        ignore_distortion: use the pinhole part of a camera that has lens distortion.

    Raises:
        InputError: files are missing, binary or broken, or a lens has distortion.
    """
    folder = Path(folder)
    pictures = folder if pictures is None else Path(pictures)
    lenses = _lenses(folder / "cameras.txt", ignore_distortion)
    path = folder / "images.txt"
    found = []
    # Two lines a picture; the second holds its points, and may be empty.
    for fields in _lines(path, keep_empty=True)[::2]:
        try:
            quaternion, shift = np.array(fields[1:5], float), np.array(fields[5:8], float)
            lens, name = lenses[fields[8]], " ".join(fields[9:])
        except (ValueError, IndexError, KeyError) as error:
            raise InputError(
                f"cannot be read at the picture {' '.join(fields[:10])!r}", source=path
            ) from error
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = _matrix(quaternion), shift
        camera = pinhole(
            fx=lens.fx,
            fy=lens.fy,
            cx=lens.cx,
            cy=lens.cy,
            width_px=lens.width_px,
            height_px=lens.height_px,
            camera_from_world=pose,
            metres_per_unit=metres_per_unit,
            corner_origin=True,
        )
        found.append(PosedPicture(camera, pictures / name, name))
    return sorted(found, key=lambda picture: picture.name)


def _lenses(path: Path, ignore_distortion: bool) -> dict[str, _Lens]:
    lenses = {}
    for fields in _lines(path):
        number, model = fields[0], fields[1] if len(fields) > 1 else ""
        if model not in _FOCALS:
            raise InputError(
                f"has a camera of the model {model!r}; mien reads {', '.join(_FOCALS)}", source=path
            )
        try:
            width_px, height_px = int(fields[2]), int(fields[3])
            values = [float(field) for field in fields[4:]]
            focals = values[: _FOCALS[model]]
            cx, cy = values[len(focals) : len(focals) + 2]
        except ValueError as error:
            raise InputError(f"cannot be read at camera {number}", source=path) from error
        refuse_distortion(values[len(focals) + 2 :], source=path, ignore=ignore_distortion)
        lenses[number] = _Lens(focals[0], focals[-1], cx, cy, width_px, height_px)
    return lenses


def _lines(path: Path, *, keep_empty: bool = False) -> list[list[str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        hint = ""
        if path.with_suffix(".bin").exists():
            hint = "; convert the binary model with: colmap model_converter --output_type TXT"
        raise InputError(f"is missing{hint}", source=path) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("is not a text file", source=path) from error
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    return lines if keep_empty else [fields for fields in lines if fields]


def _matrix(quaternion: np.ndarray) -> np.ndarray:
    """Rotation of a quaternion w, x, y, z."""
    w, x, y, z = quaternion / np.linalg.norm(quaternion)
    return np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip
