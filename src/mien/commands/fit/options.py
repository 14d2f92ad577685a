"""What `mien fit` can be told."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mien.commands.arguments import Flat
from mien.commands.faces import check_positive
from mien.commands.options import (
    CollisionOptions,
    FileOptions,
    HeadOption,
    MeshFileOptions,
    NetworkOption,
    NeutralPhotoOption,
    OutputOptions,
    PhotographsOption,
    PictureOptions,
    TextureOptions,
    UnitOption,
)
from mien.commands.result_files import check_mesh_files
from mien.commands.usage import UsageError

if TYPE_CHECKING:
    from mien.fitting.camera_prior import CameraPrior
    from mien.images.photo import Photo


@dataclass(frozen=True)
class FitPicturesConfig:
    """Turn each face in a picture into a 3D head.

    Writes for each face NAME-overlay.png (to judge the fit by eye), NAME-look.png (the textured head from
    three sides) and NAME.glb, NAME.json, …; with several faces NAME-1, NAME-2, … from the best down. With
    --together the pictures show one person, who gets one shape and one texture; with --identity a person from
    an earlier fit.
    """

    inputs: Flat[PictureOptions]
    focal_px: float | None = None
    """Focal length in pixels; estimated, starting from the EXIF data, if not given. (With --together a close
    guess, refined.)"""
    fov_deg: float | None = None
    """The same as a field of view across the picture's width, degrees."""
    start: Literal["mean", "lifted"] = "mean"
    """Where the fit of a picture begins: mean: with the mean head at rest; lifted: with the person and the
    expression that lifted landmarks show (`mien lift`)."""
    identity: Path | None = None
    """This person again: the .json or .npz of an earlier fit or track. Each picture's best face gets that
    shape."""
    together: bool = False
    """The pictures show one person: fit one shape to all, to the best face of each."""
    cameras: Path | None = None
    """With --together: known cameras of the pictures (nerfstudio's transforms.json, a COLMAP text folder or
    an OpenCV file); pictures are found in it by their names."""
    same_moment: Literal["auto", "yes", "no"] = "auto"
    """With --together: whether pose and expression are the same in all pictures too. auto: with --cameras."""
    same_camera: bool = False
    """With --together and without --cameras: all pictures have one focal length."""
    field: Path | None = None
    """Instead of pictures: fit the head of this radiance field (`mien field train`), to landmarks in it and
    in pictures of it, and to its surface. NAME-turntable.png shows both from all sides."""
    shown: Flat[PhotographsOption] = PhotographsOption()
    units: Flat[UnitOption] = UnitOption()
    fitted: Flat[HeadOption] = HeadOption()
    collisions: Flat[CollisionOptions] = CollisionOptions()
    network: Flat[NetworkOption] = NetworkOption()
    files: Flat[FileOptions] = FileOptions(("glb", "json"))
    mesh: Flat[MeshFileOptions] = MeshFileOptions()
    rest: Flat[NeutralPhotoOption] = NeutralPhotoOption()
    looks: Flat[TextureOptions] = TextureOptions()
    output: Flat[OutputOptions] = OutputOptions()


def check_options(config: FitPicturesConfig) -> None:
    """Complain about options that contradict each other, before any work is done.

    Raises:
        InputError: they do, or a number is out of its range.
    """
    if config.fov_deg is not None and not 0 < config.fov_deg < 180:
        raise UsageError(f"--fov-deg: must be between 0 and 180, not {config.fov_deg:g}")
    if config.field is not None:
        from mien.commands.fit.in_field import check_field_options

        check_field_options(config)
    elif config.shown.photographs is not None:
        raise UsageError("--photographs are those of a --field; pictures to fit to are named without it")
    check_positive("--metres-per-unit", config.units.metres_per_unit)
    check_positive("--focal-px", config.focal_px)
    check_positive("--max-faces", config.inputs.max_faces)
    check_mesh_files(config.mesh, config.files.formats)
    config.looks.check()
    config.collisions.fit_config()
    stated = [name for name in ("focal_px", "fov_deg", "cameras") if getattr(config, name) is not None]
    if len(stated) > 1:
        options = " and ".join(f"--{name.replace('_', '-')}" for name in stated)
        raise UsageError(f"{options} both state the focal length; give one of them")
    if config.together and config.identity is not None:
        raise UsageError("--together finds out who it is, --identity knows it; give one of them")
    if config.together and config.rest.neutral_photo is not None:
        raise UsageError("--neutral-photo is for pictures each for themselves; leave --together away")
    if config.together and config.start != "mean":
        raise UsageError("--start lifted is for pictures each for themselves; leave --together away")
    needs = {
        "--cameras": config.cameras is not None,
        "--same-moment": config.same_moment != "auto",
        "--same-camera": config.same_camera,
    }
    lonely = [option for option, given in needs.items() if given and not config.together]
    if lonely:
        raise UsageError(f"{lonely[0]} needs --together: it is about several pictures of one person")
    if config.same_camera and config.cameras is not None:
        raise UsageError("--same-camera is for unknown cameras; with --cameras leave it out")


def stated_camera(photo: Photo, config: FitPicturesConfig) -> CameraPrior | None:
    """A camera near the focal length that the user states; None where nothing is stated."""
    from mien.fitting.camera_prior import CameraPrior

    height_px, width_px = photo.image.shape[:2]
    focal_px = config.focal_px
    if config.fov_deg is not None:
        focal_px = width_px / 2 / math.tan(math.radians(config.fov_deg) / 2)
    if focal_px is None:
        return None
    return CameraPrior.near(focal_px, width_px=width_px, height_px=height_px)
