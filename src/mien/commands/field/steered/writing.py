"""What the verbs write of faces that landmarks steer: stills, turntables, videos, fields, meshes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mien.commands.arguments import Flat
from mien.commands.field.steered.sources import ModelOption
from mien.commands.options import DeviceOption, OutputOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mien.morphable_fields.face import MorphableFace
    from mien.morphable_fields.models import MorphableModel

VIEWS_RAD = ((0.0, 0.05), (0.6, 0.1), (-0.6, 0.1))
"""Azimuths and elevations of stills."""


@dataclass(frozen=True)
class SteeredOptions:
    size: int = 256
    """Side of the pictures, pixels."""
    supersampling: int = 2
    """Rays a pixel, each way; 1 takes a quarter of the time and leaves jagged edges."""
    turntable: Literal["mp4", "gif", "png", "none"] = "none"
    """Format of a turntable."""
    frames: int = 24
    """Pictures of the turntable."""
    mesh: Literal["none", "glb", "obj"] = "none"
    """Write the textured mesh whose landmarks these are."""
    no_field: bool = False
    """Do not save the field, which can be edited further."""
    model: Flat[ModelOption] = ModelOption()
    place: Flat[DeviceOption] = DeviceOption()
    output: Flat[OutputOptions] = OutputOptions()


def write_face(
    face: MorphableFace,
    model: MorphableModel,
    name: str,
    options: SteeredOptions,
    *,
    before: MorphableFace | None = None,
) -> list[Path]:
    """Stills of a face (under `before`, where there is one), and what else was asked for."""
    import numpy as np

    from mien.fields.rendering.views import camera_towards, turntable_cameras, write_turntable
    from mien.images.writing import write_image
    from mien.morphable_fields.field_files import save_morphable_field
    from mien.morphable_fields.textured_mesh import write_textured_mesh

    out, field = options.output.out, model.field(face)
    rows = []
    for shown in [face] if before is None else [before, face]:
        made = field if shown is face else model.field(shown)
        cameras = [
            camera_towards(made, azimuth_rad=a, elevation_rad=e, size_px=options.size) for a, e in VIEWS_RAD
        ]
        rows.append(np.concatenate([picture(made, camera, options) for camera in cameras], axis=1))
    written = [write_image(out / f"{name}.png", np.concatenate(rows))]
    if options.turntable != "none":
        cameras = turntable_cameras(field, count=options.frames, size_px=options.size)
        frames = [picture(field, camera, options) for camera in cameras]
        written.append(write_turntable(frames, out / f"{name}-turntable.{options.turntable}"))
    if options.mesh != "none":
        written.append(write_textured_mesh(face, out / f"{name}.{options.mesh}"))
    if not options.no_field:
        written.append(save_morphable_field(face, out / f"{name}.field", model=model))
    return written


def write_strip(
    faces: Sequence[MorphableFace], model: MorphableModel, name: str, options: SteeredOptions
) -> list[Path]:
    """Faces side by side, each from the front and from a side."""
    import numpy as np

    from mien.images.writing import write_image

    rows = []
    for azimuth_rad, elevation_rad in VIEWS_RAD[:2]:
        pictures = [still(model, face, azimuth_rad, elevation_rad, options) for face in faces]
        rows.append(np.concatenate(pictures, axis=1))
    return [write_image(options.output.out / f"{name}.png", np.concatenate(rows))]


def still(
    model: MorphableModel,
    face: MorphableFace,
    azimuth_rad: float,
    elevation_rad: float,
    options: SteeredOptions,
):  # noqa: ANN201
    """One picture of a face."""
    from mien.fields.rendering.views import camera_towards

    field = model.field(face)
    camera = camera_towards(
        field, azimuth_rad=azimuth_rad, elevation_rad=elevation_rad, size_px=options.size
    )
    return picture(field, camera, options)


def picture(field, camera, options: SteeredOptions):  # noqa: ANN001, ANN201
    """RGB over white."""
    from mien.fields.rendering.picture import render_field

    return render_field(field, camera, supersampling=options.supersampling).rgb
