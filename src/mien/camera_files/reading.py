"""Cameras from whichever file somebody has."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from mien.camera_files.options import CameraFileOptions
from mien.camera_files.posed_picture import PosedPicture
from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.reading.regular_files import check_regular, exists, read_text

_KINDS = (
    "transforms.json (or its folder), a COLMAP project or model (cameras and images, .txt or .bin), or an "
    "OpenCV .yml, .xml or .json"
)


@checked_call
def read_cameras(
    path: str | Path,
    *,
    metres_per_unit: float = 1.0,
    ignore_distortion: bool = False,
    paths_outside: bool = False,
) -> list[PosedPicture]:
    """Cameras with their pictures from a nerfstudio transforms.json, a COLMAP model, or an OpenCV file.

    A `.json` with frames is nerfstudio's, every other `.json`, `.yml`, `.yaml` or `.xml` OpenCV's. A COLMAP
    model is read as text or binary, from its own folder or from its project's (images/ beside sparse/0).

    Args:
        path: the file, or the folder that holds it.
        metres_per_unit: metres per unit of the file's world.
        ignore_distortion: use the pinhole part of a camera that has lens distortion.
        paths_outside: let the file name pictures outside its folder.

    Raises:
        InputError: the file is none of these, is broken, or a lens has distortion.
    """
    lenses: Literal["ignore", "refuse"] = "ignore" if ignore_distortion else "refuse"
    return read_camera_file(path, CameraFileOptions(metres_per_unit, lenses, paths_outside))


def read_camera_file(path: str | Path, options: CameraFileOptions) -> list[PosedPicture]:
    """As `read_cameras`, with all options.

    Raises:
        InputError: as `read_cameras`.
    """
    from mien.camera_files.colmap import find_model, read_colmap
    from mien.camera_files.nerfstudio import read_transforms
    from mien.camera_files.opencv import read_opencv

    path = Path(path)
    if not 0 < options.metres_per_unit < 1e9:
        raise InputError(f"metres per unit must be above 0, not {options.metres_per_unit}", source=path)
    if not exists(path):
        raise InputError(f"does not exist; expected {_KINDS}", source=path)
    if path.is_dir():
        names = ("transforms.json", "transforms_train.json", "transforms_test.json", "transforms_val.json")
        if any(exists(path / name) for name in names):
            return read_transforms(path, options)
        if find_model(path) is None:
            raise InputError(f"holds no cameras: expected {_KINDS}", source=path)
        return read_colmap(path, options)
    check_regular(path)
    suffix = path.suffix.lower()
    if suffix in (".yml", ".yaml", ".xml"):
        return read_opencv(path, options)
    if suffix == ".json":
        return read_transforms(path, options) if _has_frames(path) else read_opencv(path, options)
    if path.name in ("cameras.txt", "images.txt", "cameras.bin", "images.bin"):
        return read_colmap(path.parent, options)
    raise InputError(f"is not a file of cameras: expected {_KINDS}", source=path)


def _has_frames(path: Path) -> bool:
    return '"frames"' in read_text(path)
