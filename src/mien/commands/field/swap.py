"""`mien field swap`: each face with the other's landmarks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mien.commands.arguments import Flat, Positional, parse
from mien.commands.field.steered.writing import SteeredOptions


@dataclass(frozen=True)
class FieldSwapConfig:
    """Exchange two faces' landmarks; each keeps its texture (FLNeRF, section 5.1).

    Writes first.png and second.png (before above, after below) and their fields.
    """

    source: Positional[Path]
    """A photo, or a saved field."""
    other: Positional[Path]
    """Another one."""
    mode: Literal["relative", "absolute", "weights"] = "absolute"
    """absolute, as in the paper, exchanges shape and expression; relative and weights the expression alone."""
    shown: Flat[SteeredOptions] = SteeredOptions()


def run(arguments: list[str]) -> int:
    """Swap and write."""
    config = parse(FieldSwapConfig, arguments, prog="mien field swap")
    from mien.commands.batch import check_folder
    from mien.commands.display import print_json, print_written
    from mien.commands.field.steered.sources import model_of_option, read_face
    from mien.commands.field.steered.writing import write_face
    from mien.morphable_fields.operations import swap_faces

    first, own = read_face(config.source)
    second, _ = read_face(config.other)
    model = model_of_option(config.shown.model, own).to(config.shown.place.device)
    check_folder(config.shown.output.out)
    one, two = swap_faces(first, second, mode=config.mode)
    written = write_face(one, model, "first", config.shown, before=first)
    written += write_face(two, model, "second", config.shown, before=second)
    if config.shown.output.json:
        return print_json({"files": [str(path) for path in written]})
    print_written(written, next_step=f"look at {written[0]}")
    return 0
