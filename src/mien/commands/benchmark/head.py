"""`mien benchmark head`: how sound a head's shapes are."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from mien.commands.arguments import Flat, parse
from mien.commands.display import print_json, print_table, print_written, progress_bar
from mien.commands.options import HeadOption, JsonOption, SheetOption

if TYPE_CHECKING:
    from mien.evaluation.head_shapes.study import ShapeFigures


@dataclass(frozen=True)
class HeadShapesConfig:
    """Lips and lids that meet, skin out of the eyes, no folds and no spikes.

    Every shape alone, blinks of random people, and random people with two to five shapes, on a head of quads
    with mouth and eye sockets: the built-in one unless --head names another. The sheet shows them all from
    two sides.
    """

    people: int = 50
    """Random people who blink."""
    mixtures: int = 40
    """Random people with two to five shapes."""
    judged: Flat[HeadOption] = HeadOption()
    pictured: Flat[SheetOption] = SheetOption()
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Judge, print, and return the exit code."""
    config = parse(HeadShapesConfig, arguments, prog="mien benchmark head")
    config.pictured.check()

    from mien.evaluation.head_shapes.study import study_head_shapes
    from mien.heads.library import load_head

    head = load_head(config.judged.head)
    with progress_bar(quiet=config.output.json) as report:
        result = study_head_shapes(head, people=config.people, mixtures=config.mixtures, report=report)
    if config.pictured.sheet is not None:
        from mien.evaluation.head_shapes.sheet import draw_sheet
        from mien.images.writing import write_image

        write_image(config.pictured.sheet, draw_sheet(head, mixtures=config.mixtures))
    if config.output.json:
        return print_json({"format_version": 1, "benchmark": "head", **asdict(result)})
    _print("One shape each", (result.rest, *result.shapes))
    _print("Random people, both eyes shut", result.blinks, faulty=True)
    _print("Random people, two to five shapes", result.mixtures, faulty=True)
    if config.pictured.sheet is not None:
        print_written([config.pictured.sheet], next_step="look at it")
    return 0


def _print(title: str, faces: tuple[ShapeFigures, ...], *, faulty: bool = False) -> None:
    columns = (
        "",
        "lips' gap",
        "through",
        "lids' slit",
        "through",
        "in eyes",
        "mouth out",
        "folds",
        "spikes",
        "sides",
    )
    worst = ("worst", *(max((row[k] for row in map(_figures, faces)), default=0.0) for k in range(9)))
    shown = [face for face in faces if face.faults or not faulty]
    rows = [(face.name, *_figures(face)) for face in shown] + [worst]
    cells = [
        (str(name), *(f"{value:.2f}" if isinstance(value, float) else str(value) for value in values))
        for name, *values in rows
    ]
    faults = sum(bool(face.faults) for face in faces)
    print_table(columns, cells, title=f"{title}: {faults} of {len(faces)} with faults (millimetres)")


def _figures(face: ShapeFigures) -> tuple[float, ...]:
    return (
        face.lips_gap_mm, face.lips_through_mm, face.lids_slit_mm, face.lids_through_mm,
        face.skin_in_eyes_mm, face.inside_out_mm, face.folds, face.spikes, face.asymmetry_mm,
    )  # fmt: skip
