"""COLMAP's models, as text or binary, in the folders in which COLMAP and those who take its models keep them.

Poses are world to camera with OpenCV's axes, as mien's; the principal point is half a pixel larger
(`HALF_PIXEL`). The scale of a reconstruction from pictures alone is arbitrary: give `metres_per_unit`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mien.camera_files.colmap_files import ColmapImage, ColmapLens, read_model
from mien.camera_files.lens import Projection, is_distorted, refuse_distortion, undistorting_camera
from mien.camera_files.options import CameraFileOptions
from mien.camera_files.picture_paths import picture_path
from mien.camera_files.posed_picture import PosedPicture, pinhole
from mien.errors import InputError
from mien.reading.regular_files import exists

_USUAL = CameraFileOptions()


@dataclass(frozen=True)
class _Model:
    """How a model's numbers are laid out: so many focal lengths, cx, cy, and these terms of the lens."""

    focals: int
    projection: Projection
    terms: int
    known: bool = True


_MODELS = {
    "SIMPLE_PINHOLE": _Model(1, "perspective", 0),
    "PINHOLE": _Model(2, "perspective", 0),
    "SIMPLE_RADIAL": _Model(1, "perspective", 1),
    "RADIAL": _Model(1, "perspective", 2),
    "OPENCV": _Model(2, "perspective", 4),
    "FULL_OPENCV": _Model(2, "perspective", 8),
    "OPENCV_FISHEYE": _Model(2, "fisheye", 4),
    "SIMPLE_RADIAL_FISHEYE": _Model(1, "fisheye", 1),
    "RADIAL_FISHEYE": _Model(1, "fisheye", 2),
    "FOV": _Model(2, "fisheye", 1, known=False),
    "THIN_PRISM_FISHEYE": _Model(2, "fisheye", 8, known=False),
    "RAD_TAN_THIN_PRISM_FISHEYE": _Model(2, "fisheye", 12, known=False),
}
"""COLMAP's camera models; OpenCV cannot undistort the last ones."""


def find_model(folder: Path) -> Path | None:
    """The folder of a model: this one, or where COLMAP and Gaussian splatting put it below a project's."""
    below = sorted(folder.glob("sparse/*/"), key=lambda path: (len(path.name), path.name))
    candidates = [folder, *below, folder / "sparse", folder / "colmap" / "sparse" / "0"]
    for candidate in candidates:
        for suffix in (".txt", ".bin"):
            if exists(candidate / f"cameras{suffix}") and exists(candidate / f"images{suffix}"):
                return candidate
    return None


def read_colmap(
    folder: str | Path, options: CameraFileOptions = _USUAL, *, pictures: str | Path | None = None
) -> list[PosedPicture]:
    """Cameras of a COLMAP model, in the order of their pictures' names.

    Args:
        folder: the model's (cameras and images, .txt or .bin) or its project's, which has it in sparse/0.
        options: how to read it.
        pictures: folder of the pictures; looked for beside the model when None.

    Raises:
        InputError: files are missing or broken, or a lens cannot be used.
    """
    folder = Path(folder)
    model = find_model(folder)
    if model is None:
        raise InputError(
            "holds no COLMAP model: expected cameras.txt and images.txt, or cameras.bin and images.bin, "
            "there or in sparse/0",
            source=folder,
        )
    lenses, images, source = read_model(model)
    base = _pictures_folder(model, images) if pictures is None else Path(pictures)
    found = [_picture(image, lenses[image.lens], base, source, options) for image in images]
    return sorted(found, key=lambda picture: picture.name)


def _pictures_folder(model: Path, images: list[ColmapImage]) -> Path:
    """Where the most of the pictures are: in the model's folder, or in images/ of it or of those above it."""
    above = [model, *model.resolve().parents[:2]]
    candidates = [base / name for base in above for name in ("images", ".", "input")]
    names = [image.name for image in images[:20]]

    def count(base: Path) -> int:
        return sum(exists(base / name.replace("\\", "/")) for name in names)

    best = max(candidates, key=count)  # the first of equals
    return best if names and count(best) else model


def _picture(
    image: ColmapImage, lens: ColmapLens, base: Path, source: Path, options: CameraFileOptions
) -> PosedPicture:
    model = _MODELS.get(lens.model)
    if model is None:
        raise InputError(
            f"has a camera of the model {lens.model!r}; mien reads {', '.join(_MODELS)}", source=source
        )
    count = model.focals + 2 + model.terms
    if len(lens.values) != count:
        raise InputError(
            f"has a {lens.model} camera with {len(lens.values)} numbers instead of {count}", source=source
        )
    terms = list(lens.values[model.focals + 2 :])
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = _matrix(image, source), image.shift
    cx, cy = lens.values[model.focals : model.focals + 2]
    camera = pinhole(
        fx=lens.values[0],
        fy=lens.values[model.focals - 1],
        cx=cx,
        cy=cy,
        width_px=lens.width_px,
        height_px=lens.height_px,
        camera_from_world=pose,
        metres_per_unit=options.metres_per_unit,
        corner_origin=True,
        source=source,
        name=image.name,
    )
    path = picture_path(base, image.name, source=source, outside=options.paths_outside)
    picture = PosedPicture(camera, path, image.name)
    bent = model.projection == "fisheye" or is_distorted(terms)
    if not bent or options.lenses == "ignore":
        return picture
    if not model.known:
        raise InputError(
            f"has a {lens.model} camera, which is no pinhole and cannot be undistorted here: use colmap "
            "image_undistorter",
            source=source,
        )
    if options.lenses == "refuse":
        if model.projection == "fisheye":
            raise InputError(
                f"has a {lens.model} camera, which is no pinhole: undistort the pictures first (colmap "
                "image_undistorter)",
                source=source,
            )
        refuse_distortion(terms, source=source)
    camera, bending = undistorting_camera(
        model.projection, _as_opencv(terms, model.projection), camera, source=source, name=image.name
    )
    return replace(picture, camera=camera, lens=bending)


def _as_opencv(terms: list[float], projection: Projection) -> list[float]:
    """OpenCV's order: k1, k2, p1, p2, k3 … of a perspective lens, four of a fisheye."""
    return [*terms, *[0.0] * (4 - len(terms))] if len(terms) < 4 else terms


def _matrix(image: ColmapImage, source: Path) -> np.ndarray:
    """Rotation of a quaternion w, x, y, z."""
    length = np.linalg.norm(image.quaternion)
    if not np.isfinite([*image.quaternion, *image.shift]).all() or not 1e-3 < length < 1e3:
        raise InputError(f"has a pose of {image.name!r} that is none", source=source)
    w, x, y, z = np.array(image.quaternion) / length
    return np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip
