"""`mien benchmark ytf68`: accuracy of landmarks on labelled video frames."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mien.commands.arguments import Flat, parse
from mien.commands.display import print_json, print_table, print_written, progress_bar
from mien.commands.options import JsonOption, LandmarkerOptions, SheetOption

if TYPE_CHECKING:
    from mien.evaluation.landmarks.ytf68 import Ytf68Result


@dataclass(frozen=True)
class Ytf68Config:
    """Accuracy on YTF-68: inter-ocular error, failures at 10 %, faces not found, offsets of the own points.

    A ridge regression from dense landmarks to the dataset's 68 labels is fitted on translate.csv and measured
    on val.csv; it is used for this benchmark only.
    """

    data: Path
    """Folder with translate.csv, val.csv and images/."""
    start: Literal["search", "labels"] = "search"
    """Find faces by searching (the benchmark), or start from the labels to measure the landmarks alone."""
    sheet_count: int = 12
    """Pictures on the sheet."""
    sheet_worst: bool = False
    """Show the pictures with the largest errors instead of evenly chosen ones."""
    network: Flat[LandmarkerOptions] = LandmarkerOptions()
    pictured: Flat[SheetOption] = SheetOption()
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Run the benchmark and return the exit code."""
    config = parse(Ytf68Config, arguments, prog="mien benchmark ytf68")
    config.pictured.check()

    from mien.evaluation.landmarks.ytf68 import evaluate, face_where_labelled, labelled_face
    from mien.evaluation.landmarks.ytf68_sheet import draw_sheet
    from mien.images.writing import write_image
    from mien.landmarks.landmarker import Landmarker

    landmarker = Landmarker(config.network.model, search=config.network.search)
    find = labelled_face if config.start == "search" else face_where_labelled
    with progress_bar(quiet=config.output.json) as report:
        result = evaluate(config.data, landmarker, find=find, report=report)
    figures = result.figures()
    if config.pictured.sheet is not None:
        sheet = draw_sheet(result, count=config.sheet_count, worst=config.sheet_worst)
        write_image(config.pictured.sheet, sheet)
    if config.output.json:
        document = {"benchmark": "ytf68", "model": config.network.model, "start": config.start, **figures}
        return print_json(document)
    title = f"YTF-68, {config.network.model}" + (
        "" if config.start == "search" else " (started from the labels)"
    )
    rows = [
        ("inter-ocular NME", f"{100 * figures['nme']:.2f} %", "mean over the faces found"),
        ("median", f"{100 * figures['nme_median']:.2f} %", ""),
        ("failures at 10 %", f"{100 * figures['failure_rate_10']:.1f} %", "faces not found count"),
        ("not found", f"{figures['undetected']} of {figures['pictures']}", ""),
        ("area under curve", f"{figures['auc_10']:.3f}", "to 10 %, 1 is perfect"),
        (
            "translation",
            f"{figures['translation_faces']} faces",
            f"{figures['translation_undetected']} not found, penalty {figures['translation_penalty']:g}",
        ),
    ]
    print_table(("", "val.csv", ""), rows, title=title)
    _print_own_points(result)
    if config.pictured.sheet is not None:
        print_written(
            [config.pictured.sheet], next_step="look at it (blue: dense, green: translated, red: labels)"
        )
    return 0


def _print_own_points(result: Ytf68Result) -> None:
    """The own 68 points without translation: error and offset of each part, offset of each brow point."""
    from mien.evaluation.landmarks.point_offsets import BROWS

    def percent(*shares: float) -> list[str]:
        return [f"{100 * share:.1f} %" for share in shares]

    offsets = result.offsets
    rows: list[tuple[str, ...]] = [("all", f"{100 * result.figures()['nme_untranslated']:.2f} %", "", "")]
    across_px, down_px = result.label_shift_px
    rows.append(
        (
            f"all, labels shifted by {-across_px:.1f}, {-down_px:.1f} px",
            f"{100 * result.figures()['nme_untranslated_without_shift']:.2f} %",
            "",
            "",
        )
    )
    for part, error in offsets.part_errors.items():
        rows.append((part.replace("_", " "), *percent(error, *offsets.part_offsets[part])))
    rows += [(f"brow point {point}", "", *percent(*offsets.point_offsets[point])) for point in BROWS]
    print_table(
        ("", "NME", "across", "down"),
        rows,
        title="Own 68 points, without label translation (offsets: median, less that of the eyes)",
    )
