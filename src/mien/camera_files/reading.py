"""Cameras from whichever file somebody has."""

from __future__ import annotations

from pathlib import Path

from mien.camera_files.posed_picture import PosedPicture
from mien.errors import InputError


def read_cameras(
    path: str | Path, *, metres_per_unit: float = 1.0, ignore_distortion: bool = False
) -> list[PosedPicture]:
    """Cameras with their pictures from a nerfstudio transforms.json, a COLMAP text folder, or an OpenCV file.

    A `.json` with frames is nerfstudio's, every other `.json`, `.yml`, `.yaml` or `.xml` OpenCV's.

    Args:
        path: the file, or the folder that holds it.
        metres_per_unit: metres per unit of the file's world.
        ignore_distortion: use the pinhole part of a camera that has lens distortion.

    Raises:
        InputError: the file is none of these, is broken, or a lens has distortion.
    """
    from mien.camera_files.colmap import read_colmap
    from mien.camera_files.nerfstudio import read_transforms
    from mien.camera_files.opencv import read_opencv

    path = Path(path)
    if path.is_dir():
        names = ("transforms.json", "transforms_train.json")
        reader = read_transforms if any((path / name).exists() for name in names) else read_colmap
    elif path.suffix in (".yml", ".yaml", ".xml"):
        reader = read_opencv
    elif path.suffix == ".json":
        reader = read_transforms if _has_frames(path) else read_opencv
    else:
        raise InputError(
            "is not a file of cameras: expected transforms.json (or its folder), a COLMAP folder with "
            "cameras.txt and images.txt, or an OpenCV .yml, .xml or .json",
            source=path,
        )
    return reader(path, metres_per_unit=metres_per_unit, ignore_distortion=ignore_distortion)


def _has_frames(path: Path) -> bool:
    try:
        return '"frames"' in path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("cannot be read", source=path) from error
