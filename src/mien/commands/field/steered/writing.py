"""What the verbs write of faces that landmarks steer: stills, turntables, videos, fields, meshes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mien.commands.options import SteeredOptions, SteeredPictureOptions
    from mien.morphable_fields.face import MorphableFace
    from mien.morphable_fields.models import MorphableModel

VIEWS_RAD = ((0.0, 0.05), (0.6, 0.1), (-0.6, 0.1))
"""Azimuths and elevations of stills."""
TURNTABLE_PICTURES = 36


def check_places(path: Path, options: SteeredOptions) -> None:
    """See, before a face is fitted and drawn, that what is written of it can be.

    Args:
        path: as for `write_face`.

    Raises:
        InputError, OutputError: a folder of the field's name is none, or the place takes no files.
    """
    from mien.fields.files import check_field_place

    if not options.no_field:
        check_field_place(path.with_suffix(".field"))


def write_face(
    face: MorphableFace,
    model: MorphableModel,
    path: Path,
    options: SteeredOptions,
    *,
    before: MorphableFace | None = None,
) -> list[Path]:
    """Stills of a face (under `before`, where there is one), and what else was asked for.

    Args:
        path: of the files, without a suffix.
    """
    import numpy as np

    from mien.fields.rendering.views import camera_towards, turntable_cameras, write_turntable
    from mien.images.writing import write_image
    from mien.morphable_fields.field_files import save_morphable_field
    from mien.morphable_fields.making import field_of
    from mien.morphable_fields.textured_mesh import write_textured_mesh

    field = field_of(model, face)
    rows = []
    for shown in [face] if before is None else [before, face]:
        made = field if shown is face else field_of(model, shown)
        cameras = [
            camera_towards(made, azimuth_rad=a, elevation_rad=e, size_px=options.side_px)
            for a, e in VIEWS_RAD
        ]
        rows.append(np.concatenate([picture(made, camera, options) for camera in cameras], axis=1))
    written = [write_image(path.with_suffix(".png"), np.concatenate(rows))]
    if options.around != "none":
        cameras = turntable_cameras(field, count=TURNTABLE_PICTURES, size_px=options.side_px)
        frames = [picture(field, camera, options) for camera in cameras]
        written.append(write_turntable(frames, path.with_name(f"{path.name}-turntable.{options.around}")))
    if options.mesh != "none":
        written.append(write_textured_mesh(face, path.with_suffix(f".{options.mesh}")))
    if not options.no_field:
        written.append(save_morphable_field(face, path.with_suffix(".field"), model=model))
    return written


def write_strip(
    faces: Sequence[MorphableFace], model: MorphableModel, path: Path, options: SteeredPictureOptions
) -> list[Path]:
    """Faces side by side, each from the front and from a side."""
    import numpy as np

    from mien.images.writing import write_image

    rows = []
    for azimuth_rad, elevation_rad in VIEWS_RAD[:2]:
        pictures = [still(model, face, azimuth_rad, elevation_rad, options) for face in faces]
        rows.append(np.concatenate(pictures, axis=1))
    return [write_image(path.with_suffix(".png"), np.concatenate(rows))]


def still(
    model: MorphableModel,
    face: MorphableFace,
    azimuth_rad: float,
    elevation_rad: float,
    options: SteeredPictureOptions,
):
    """One picture of a face."""
    from mien.fields.rendering.views import camera_towards
    from mien.morphable_fields.making import field_of

    field = field_of(model, face)
    camera = camera_towards(
        field, azimuth_rad=azimuth_rad, elevation_rad=elevation_rad, size_px=options.side_px
    )
    return picture(field, camera, options)


def picture(field, camera, options: SteeredPictureOptions):
    """RGB over white."""
    from mien.fields.rendering.smooth_picture import smooth_picture

    return smooth_picture(field, camera, supersampling=options.rays_each_way)
