"""`mien field transfer`: a face that does what another one does."""

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
class FieldTransferConfig:
    """Transfer an expression to a face: from a photo, a morphable field, the landmarks found in any radiance
    field (FLNeRF's loop), or a file of landmarks.

    Writes transferred.png (before above, after below), transferred.field and, if asked for, a turntable and
    the mesh.
    """

    face: Flat[SteeredFaceOption]
    other: Flat[DriverOption]
    how: Flat[TransferModeOption] = TransferModeOption()
    shown: Flat[SteeredOptions] = SteeredOptions()
    model: Flat[MorphableModelOption] = MorphableModelOption()
    place: Flat[DeviceOption] = DeviceOption()
    output: Flat[OutputOptions] = OutputOptions()


def run(arguments: list[str]) -> int:
    """Transfer and write."""
    config = parse(FieldTransferConfig, arguments, prog="mien field transfer")
    from mien.commands.field.steered.beginning import begun, ended
    from mien.commands.field.steered.sources import read_driver
    from mien.commands.field.steered.writing import check_places, write_face
    from mien.morphable_fields.operations import transfer_expression

    check_places(config.output.out / "transferred", config.shown)
    face, model = begun(config)
    driver = read_driver(config.other.driver, like=face)
    after = transfer_expression(face, driver, mode=config.how.mode)
    written = write_face(after, model, config.output.out / "transferred", config.shown, before=face)
    return ended(written, config.output)
