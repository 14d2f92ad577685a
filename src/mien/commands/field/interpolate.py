"""`mien field interpolate`: from one face's landmarks to another's."""

from __future__ import annotations

from dataclasses import dataclass

from mien.commands.arguments import Flat, parse
from mien.commands.options import (
    DeviceOption,
    DriverOption,
    MorphableModelOption,
    OutputOptions,
    SteeredFaceOption,
    SteeredPictureOptions,
    TransferModeOption,
)


@dataclass(frozen=True)
class FieldInterpolateConfig:
    """Go from one face to another one's landmarks, with the first one's texture (FLNeRF, figure 8).

    Writes interpolated.png, all steps side by side, and, with --video, interpolated.mp4 there and back.
    """

    face: Flat[SteeredFaceOption]
    other: Flat[DriverOption]
    strip: int = 6
    """Pictures in the strip."""
    how: Flat[TransferModeOption] = TransferModeOption()
    video: bool = False
    """Write the video, of 24 frames there and 24 back."""
    shown: Flat[SteeredPictureOptions] = SteeredPictureOptions()
    model: Flat[MorphableModelOption] = MorphableModelOption()
    place: Flat[DeviceOption] = DeviceOption()
    output: Flat[OutputOptions] = OutputOptions()


def run(arguments: list[str]) -> int:
    """Interpolate and write."""
    config = parse(FieldInterpolateConfig, arguments, prog="mien field interpolate")
    import numpy as np

    from mien.commands.field.steered.beginning import begun, ended
    from mien.commands.field.steered.sources import read_driver
    from mien.commands.field.steered.writing import still, write_strip
    from mien.fields.rendering.views import write_turntable
    from mien.morphable_fields.operations import interpolate_faces, transfer_expression

    face, model = begun(config)
    target = transfer_expression(face, read_driver(config.other.driver, like=face), mode=config.how.mode)
    shares = np.linspace(0, 1, max(2, config.strip))
    steps = [interpolate_faces(face, target, float(share)) for share in shares]
    written = write_strip(steps, model, config.output.out / "interpolated", config.shown)
    if config.video:
        there = [interpolate_faces(face, target, float(share)) for share in np.linspace(0, 1, 24)]
        frames = [still(model, one, 0.3, 0.05, config.shown) for one in there]
        path = config.output.out / "interpolated.mp4"
        written.append(write_turntable([*frames, *frames[::-1]], path, frames_per_second=24))
    return ended(written, config.output)
