"""`mien field reenact`: a face that follows a track or a video."""

from __future__ import annotations

from dataclasses import dataclass

from mien.commands.arguments import Flat, parse
from mien.commands.options import (
    DeviceOption,
    DriverOption,
    EveryOption,
    MorphableModelOption,
    OutputOptions,
    SteeredFaceOption,
    SteeredPictureOptions,
    TransferModeOption,
)
from mien.progress import reported


@dataclass(frozen=True)
class FieldReenactConfig:
    """Let a face follow somebody's track, frame by frame, as a video of its radiance field."""

    face: Flat[SteeredFaceOption]
    other: Flat[DriverOption]
    how: Flat[TransferModeOption] = TransferModeOption("weights")
    shown_frames: Flat[EveryOption] = EveryOption()
    azimuth: float = 15.0
    """From where it is seen, degrees around the head from the front, towards its left."""
    shown: Flat[SteeredPictureOptions] = SteeredPictureOptions(rays_each_way=1)
    model: Flat[MorphableModelOption] = MorphableModelOption()
    place: Flat[DeviceOption] = DeviceOption()
    output: Flat[OutputOptions] = OutputOptions()


def run(arguments: list[str]) -> int:
    """Follow and write."""
    config = parse(FieldReenactConfig, arguments, prog="mien field reenact")
    import numpy as np

    from mien.commands.display import progress_bar
    from mien.commands.field.steered.beginning import begun, ended
    from mien.commands.field.steered.sources import read_drivers
    from mien.commands.field.steered.writing import still
    from mien.images.video import VideoWriter
    from mien.morphable_fields.operations import reenact_face

    face, model = begun(config)
    drivers, rate = read_drivers(config.other.driver, like=face)
    every = max(1, config.shown_frames.every)
    faces = reenact_face(face, drivers[::every], mode=config.how.mode)
    azimuth_rad, path = float(np.radians(config.azimuth)), config.output.out / "reenacted.mp4"
    with (
        progress_bar("frames", quiet=config.output.json) as report,
        VideoWriter(path, frames_per_second=rate / every) as video,
    ):
        for one in reported(faces, report):
            video.write(still(model, one, azimuth_rad, 0.05, config.shown))
    return ended([path], config.output)
