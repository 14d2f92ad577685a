"""`mien field transfer`: a face that does what another one does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mien.commands.arguments import Flat, Positional, parse
from mien.commands.field.steered.writing import SteeredOptions


@dataclass(frozen=True)
class FieldTransferConfig:
    """Transfer an expression to a face: from a photo, a morphable field, the landmarks found in any radiance
    field (FLNeRF's loop), or a file of landmarks.

    Writes NAME.png (before above, after below), NAME.field and, if asked for, a turntable and the mesh.
    """

    source: Positional[Path]
    """A photo, or a saved field: the face that changes."""
    driver: Positional[Path]
    """Whose expression: a photo, a field, or a file of landmarks."""
    mode: Literal["relative", "absolute", "weights"] = "relative"
    """relative, by the way of the driver's landmarks from rest; absolute, the landmarks as they are, shape
    and all; weights, by ARKit weights."""
    name: str = "transferred"
    """Of the files."""
    shown: Flat[SteeredOptions] = SteeredOptions()


def run(arguments: list[str]) -> int:
    """Transfer and write."""
    config = parse(FieldTransferConfig, arguments, prog="mien field transfer")
    from mien.commands.batch import check_folder
    from mien.commands.display import print_json, print_written
    from mien.commands.field.steered.sources import model_of_option, read_driver, read_face
    from mien.commands.field.steered.writing import write_face
    from mien.morphable_fields.operations import transfer_expression

    face, own = read_face(config.source)
    driver = read_driver(config.driver, like=face)
    model = model_of_option(config.shown.model, own).to(config.shown.place.device)
    check_folder(config.shown.output.out)
    after = transfer_expression(face, driver, mode=config.mode)
    written = write_face(after, model, config.name, config.shown, before=face)
    if config.shown.output.json:
        return print_json({"files": [str(path) for path in written]})
    print_written(written, next_step=f"look at {written[0]}")
    return 0
