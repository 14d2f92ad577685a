"""`mien field render`: pictures of a field."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mien.commands.arguments import Flat, parse
from mien.commands.options import DeviceOption, FieldOption, OutputOptions, TurntableOptions, UnitOption
from mien.progress import reported

if TYPE_CHECKING:
    from mien.cameras import Camera
    from mien.fields.protocol import Field
    from mien.fields.rendering.picture import FieldPicture

BACKGROUNDS = {"white": (255, 255, 255), "black": (0, 0, 0), "grey": (128, 128, 128)}


@dataclass(frozen=True)
class FieldRenderConfig:
    """Render a field: a turntable, or the pictures that given cameras take.

    Writes turntable.mp4 (or .gif, or one sheet as .png), and with --like a picture for each camera. With
    --depth also depth/NNN.png (16 bits, millimetres along the camera's axis, 0 where nothing is), with
    --normals normals/NNN.png (camera frame: red right, green up, blue towards the viewer), with --alpha
    alpha/NNN.png.
    """

    source: Flat[FieldOption]
    turntable: Literal["mp4", "gif", "png"] = "mp4"
    """Format of the turntable."""
    like: Path | None = None
    """A file of cameras (transforms.json, COLMAP, OpenCV): render what they see instead of a turntable."""
    supersampling: int = 2
    """Rays a pixel, each way; 1 takes a quarter of the time and leaves jagged edges."""
    elevation: float = 6.0
    """Height of the turntable's cameras above the horizon, degrees."""
    background: Literal["white", "black", "grey", "environment"] = "white"
    """Behind the head; environment: as it was learned."""
    depth: bool = False
    """Write depths too, and a turntable of them."""
    normals: bool = False
    """Write normals too, and a turntable of them."""
    alpha: bool = False
    """Write alpha too."""
    frames: bool = False
    """Write the turntable's single pictures too."""
    pictures: Flat[TurntableOptions] = TurntableOptions(count=48)
    units: Flat[UnitOption] = UnitOption()
    place: Flat[DeviceOption] = DeviceOption()
    output: Flat[OutputOptions] = OutputOptions()


def run(arguments: list[str]) -> int:
    """Render and write."""
    config = parse(FieldRenderConfig, arguments, prog="mien field render")
    import numpy as np

    from mien.commands.batch import check_folder
    from mien.commands.display import print_json, print_written, progress_bar
    from mien.fields.rendering.picture import render_field
    from mien.fields.rendering.views import turntable_cameras, write_turntable
    from mien.morphable_fields.any_field import load_any_field

    field = load_any_field(config.source.field, device=config.place.device)
    check_folder(config.output.out)
    if config.like is None:
        cameras = turntable_cameras(
            field,
            count=config.pictures.count,
            size_px=config.pictures.size,
            elevation_rad=float(np.radians(config.elevation)),
        )
        names = [f"{index:03}" for index in range(len(cameras))]
    else:
        cameras, names = _cameras_like(config.like, config.units.metres_per_unit)
    background = BACKGROUNDS.get(config.background)
    written: list[Path] = []
    strips: dict[str, list[Any]] = {"turntable": [], "turntable-depth": [], "turntable-normals": []}
    with progress_bar("render", quiet=config.output.json) as report:
        for camera, name in reported(list(zip(cameras, names, strict=True)), report):
            picture = render_field(
                field,
                camera,
                background=background,
                normals=config.normals,
                supersampling=config.supersampling,
            )
            written += _write(picture, name, config)
            if config.like is None:
                _collect(strips, picture, field, config)
    for name, frames in strips.items():
        if frames:
            written.append(write_turntable(frames, config.output.out / f"{name}.{config.turntable}"))
    if config.output.json:
        return print_json({"field": str(config.source.field), "files": [str(path) for path in written]})
    if len(written) > 6:
        print(f"{len(written)} files in {config.output.out}, among them:")
        written = written[-3:]
    print_written(
        written,
        next_step=f"look at {written[-1]}; find landmarks with mien field landmarks {config.source.field}",
    )
    return 0


def _cameras_like(path: Path, metres_per_unit: float) -> tuple[list[Camera], list[str]]:
    from mien.camera_files.reading import read_cameras
    from mien.commands.batch import result_stems

    pictures = read_cameras(path, metres_per_unit=metres_per_unit)
    stems = result_stems([Path(picture.name) for picture in pictures])
    return [picture.camera for picture in pictures], stems


def _write(picture: FieldPicture, name: str, config: FieldRenderConfig) -> list[Path]:
    import numpy as np

    from mien.fields.rendering.views import depth_in_millimetres, normals_as_colors
    from mien.images.writing import write_image

    out = config.output.out
    written = []
    if config.like is not None or config.frames:
        written.append(write_image(out / "rgb" / f"{name}.png", picture.rgb))
    if config.depth:
        written.append(write_image(out / "depth" / f"{name}.png", depth_in_millimetres(picture)))
    if config.normals:
        written.append(write_image(out / "normals" / f"{name}.png", normals_as_colors(picture)))
    if config.alpha:
        grey = np.rint(255 * picture.alpha).astype(np.uint8)
        written.append(write_image(out / "alpha" / f"{name}.png", grey))
    return written


def _collect(
    strips: dict[str, list[Any]], picture: FieldPicture, field: Field, config: FieldRenderConfig
) -> None:
    from mien.fields.rendering.views import depth_range_m, normals_as_colors, shown_depth

    strips["turntable"].append(picture.rgb)
    if config.depth:
        near_m, far_m = depth_range_m(field)
        strips["turntable-depth"].append(shown_depth(picture, near_m=float(near_m), far_m=float(far_m)))
    if config.normals:
        strips["turntable-normals"].append(normals_as_colors(picture))
