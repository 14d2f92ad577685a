"""`mien field swap`: each face with the other's landmarks."""

from __future__ import annotations

from dataclasses import dataclass

from mien.commands.arguments import Flat, parse
from mien.commands.options import (
    DeviceOption,
    DriverOption,
    MorphableModelOption,
    OutputOptions,
    SteeredFaceOption,
    SteeredOptions,
    TransferModeOption,
)


@dataclass(frozen=True)
class FieldSwapConfig:
    """Exchange two faces' landmarks; each keeps its texture (FLNeRF, section 5.1).

    Writes first.png and second.png (before above, after below) and their fields.
    """

    face: Flat[SteeredFaceOption]
    other: Flat[DriverOption]
    how: Flat[TransferModeOption] = TransferModeOption("absolute")
    shown: Flat[SteeredOptions] = SteeredOptions()
    model: Flat[MorphableModelOption] = MorphableModelOption()
    place: Flat[DeviceOption] = DeviceOption()
    output: Flat[OutputOptions] = OutputOptions()


def run(arguments: list[str]) -> int:
    """Swap and write."""
    config = parse(FieldSwapConfig, arguments, prog="mien field swap")
    from mien.commands.field.steered.beginning import begun, ended
    from mien.commands.field.steered.sources import read_face
    from mien.commands.field.steered.writing import check_places, write_face
    from mien.morphable_fields.operations import swap_faces

    check_places(config.output.out / "first", config.shown)
    check_places(config.output.out / "second", config.shown)
    first, model = begun(config)
    second, _ = read_face(config.other.driver, refined_for=None if config.face.even_light else model)
    one, two = swap_faces(first, second, mode=config.how.mode)
    written = write_face(one, model, config.output.out / "first", config.shown, before=first)
    written += write_face(two, model, config.output.out / "second", config.shown, before=second)
    return ended(written, config.output)
