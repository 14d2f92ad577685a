"""`mien field landmarks`: the 68 3D landmarks of the head in a field."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mien.commands.arguments import Flat, parse
from mien.commands.options import (
    FieldLandmarkerOptions,
    FieldOption,
    OutputOptions,
    PhotographsOption,
    TurntableOptions,
    UnitOption,
)
from mien.commands.usage import UsageError

if TYPE_CHECKING:
    from mien.fields.protocol import Field
    from mien.landmarks_in_fields.types import Landmarks3D

BEHIND_M = 0.004
"""Landmarks further than this behind the rendered surface are drawn faintly."""


@dataclass(frozen=True)
class FieldLandmarksConfig:
    """Find the head's 68 landmarks in a field, in 3D.

    Writes NAME-landmarks.json (points in the field's frame, their standard deviations, metres) and
    NAME-landmarks.ply, and a turntable of the field with the landmarks drawn on it (faint where the head
    hides them).
    """

    source: Flat[FieldOption]
    turntable: Literal["mp4", "gif", "png", "none"] = "png"
    """Format of the turntable; png is one sheet."""
    pictures: Flat[TurntableOptions] = TurntableOptions(count=6)
    shown: Flat[PhotographsOption] = PhotographsOption()
    units: Flat[UnitOption] = UnitOption()
    landmarker: Flat[FieldLandmarkerOptions] = FieldLandmarkerOptions()
    output: Flat[OutputOptions] = OutputOptions()


def run(arguments: list[str]) -> int:
    """Find, write, draw; exit code 1 when there is no head."""
    import time

    config = parse(FieldLandmarksConfig, arguments, prog="mien field landmarks")
    if config.shown.photographs is not None and config.landmarker.no_pictures:
        raise UsageError("--photographs are pictures: leave --no-pictures away")
    from mien.commands.batch import check_folder
    from mien.commands.display import print_json, print_written
    from mien.commands.photographs import photographs_of
    from mien.fields.radiance_field import RadianceField
    from mien.landmarks_in_fields.network_files import read_networks
    from mien.landmarks_in_fields.predict import FieldLandmarker, SearchConfig
    from mien.landmarks_in_fields.second_opinion import PicturesConfig
    from mien.landmarks_in_fields.writing import landmarks_document, write_landmarks, write_ply
    from mien.morphable_fields.any_field import load_any_field

    field = load_any_field(config.source.field)
    capture = field.facts.capture if isinstance(field, RadianceField) else None
    unit = config.units.metres_per_unit
    images = photographs_of(field, config.shown.photographs, metres_per_unit=unit)
    check_folder(config.output.out)
    start = time.perf_counter()
    networks = None if config.landmarker.networks is None else read_networks(config.landmarker.networks)
    pictures = None if config.landmarker.no_pictures else PicturesConfig()
    search = SearchConfig(upright=config.landmarker.upright, second_opinion=pictures)
    landmarker = FieldLandmarker(networks, search)
    found = landmarker(field, near=None if capture is None else capture.place, images=images)
    seconds = time.perf_counter() - start
    stem = config.source.field.name.removesuffix(".field")
    written = [write_landmarks(config.output.out / f"{stem}-landmarks.json", found)]
    if found.found:
        written.append(write_ply(config.output.out / f"{stem}-landmarks.ply", found.points_m))
        if config.turntable != "none":
            written.append(_turntable(field, found, config, stem))
    if config.output.json:
        print_json(landmarks_document(found))
        return 0 if found.found else 1
    if not found.found:
        print(f"no head in {config.source.field} (confidence {found.confidence:.2f})")
        look = f"look at it with mien field render {config.source.field}; a head must be its largest part"
        print_written(written, next_step=look)
        return 1
    print(f"68 landmarks in {seconds:.1f} s, confidence {found.confidence:.2f}{_spread(found)}")
    mesh = "open the .ply beside the field's mesh (mien field export)"
    drawn = config.turntable != "none"
    print_written(written, next_step=f"look at {written[-1]}; {mesh}" if drawn else mesh)
    return 0


def _spread(found: Landmarks3D) -> str:
    """The middle one of the standard deviations, where the networks tell any."""
    import numpy as np

    middle_m = float(np.median(found.sigma_m))
    return "" if np.isnan(middle_m) else f", off by {1000 * middle_m:.1f} mm a coordinate (median told)"


def _turntable(field: Field, found: Landmarks3D, config: FieldLandmarksConfig, stem: str) -> Path:
    import cv2
    import numpy as np

    from mien.fields.rendering.picture import render_field
    from mien.fields.rendering.views import turntable_cameras, write_turntable

    frames = []
    for camera in turntable_cameras(field, count=config.pictures.count, size_px=config.pictures.size):
        picture = render_field(field, camera)
        image = np.ascontiguousarray(picture.rgb)
        depths_m = camera.to_camera(found.points_m)[:, 2]
        for (x, y), depth_m in zip(camera.project(found.points_m), depths_m, strict=True):
            column, row = round(float(x)), round(float(y))
            if not (0 <= column < config.pictures.size and 0 <= row < config.pictures.size):
                continue
            surface_m = picture.depth_m[row, column]
            hidden = np.isfinite(surface_m) and 0 < surface_m < depth_m - BEHIND_M
            cv2.circle(
                image, (column, row), 1, (150, 150, 150) if hidden else (70, 235, 110), -1, cv2.LINE_AA
            )
        frames.append(image)
    return write_turntable(frames, config.output.out / f"{stem}-landmarks.{config.turntable}")
