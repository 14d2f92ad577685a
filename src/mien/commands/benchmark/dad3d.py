"""`mien benchmark dad3d`: heads in single pictures, against DAD-3DHeads' annotations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mien.commands.arguments import Flat, parse
from mien.commands.benchmark.submissions import print_missing
from mien.commands.display import print_json, print_table, print_written, progress_bar
from mien.commands.options import HeadOption, JsonOption, NetworkOption, PredictOption
from mien.commands.usage import UsageError

if TYPE_CHECKING:
    from mien.evaluation.published.dad3d import DadResult

_ROWS = (
    ("nme_percent", "NME", "{:.3f} %", "68 points, of √(width · height) of the box"),
    ("z5", "Z5", "{:.4f}", "order in depth, as the published code computes it; FLAME's topology only"),
    ("z5_nearest", "Z5, own neighbours", "{:.4f}", "as the paper defines it"),
    ("chamfer", "chamfer", "{:.3f}", "squared, inner eye corners 20 apart"),
    ("pose", "pose", "{:.4f}", "‖I − R Rᵀ‖"),
    ("mlme_px", "MLME", "{:.2f} px", "68 points"),
    ("mve_face_mm", "MVE face", "{:.2f} mm", "after the similarity of seven points; FLAME's topology only"),
    ("mve_head_mm", "MVE head", "{:.2f} mm", "likewise"),
    ("mrle_px", "MRLE", "{:.2f} px", "projected vertices from the landmarks that were fitted"),
)


@dataclass(frozen=True)
class Dad3dConfig:
    """NME, Z5, chamfer distance and pose error on DAD-3DHeads, and MLME, MVE and MRLE of Simic's thesis.

    Measures a submission, or with --predict makes one first, of --head's head; only FLAME's topology gets Z5
    and MVE (convert one with `mien head convert`). The data is to be had from its publishers.
    """

    data: Path
    """DAD-3DHeadsDataset, or the ground_truth_val.json that the published generate_gt.py makes."""
    submission: Path
    """The submission, one .json."""
    flame: Path
    """Folder with FLAME's landmark embeddings and vertex subsets, for example a checkout of DAD-3DHeads."""
    split: Literal["train", "val", "test"] = "val"
    """Which part; annotations of the test part are not public."""
    predicting: Flat[PredictOption] = PredictOption()
    fitted: Flat[HeadOption] = HeadOption()
    network: Flat[NetworkOption] = NetworkOption()
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Run the benchmark and return the exit code: 1 when predictions are missing."""
    config = parse(Dad3dConfig, arguments, prog="mien benchmark dad3d")
    if config.predicting.predict and config.data.is_file():
        raise UsageError(
            "--predict needs the pictures: name the folder DAD-3DHeadsDataset", source=config.data
        )

    from mien.evaluation.published.dad3d import evaluate, read_heads, read_submission
    from mien.evaluation.published.flame_landmarks import read_flame_files

    flame = read_flame_files(config.flame)
    if config.predicting.predict:
        from mien.evaluation.published.dad3d_prediction import predict
        from mien.heads.fittable import fittable_head
        from mien.landmarks.landmarker import Landmarker

        with progress_bar(quiet=config.output.json) as report:
            predict(
                config.data,
                config.submission,
                split=config.split,
                landmarker=Landmarker(config.network.model),
                head=fittable_head(config.fitted.head),
                report=report,
            )
    heads = read_heads(config.data, split=config.split)
    with progress_bar(quiet=config.output.json) as report:
        result = evaluate(heads, read_submission(config.submission), flame, report=report)
    figures = result.figures()
    if config.output.json:
        print_json(
            {
                "format_version": 1,
                "benchmark": "dad3d",
                "split": config.split,
                "comparable": not result.missing,
                "figures": figures,
                "attributes": [
                    {"attribute": name, "value": value, **result.figures((name, value))}
                    for name, value in result.attributes
                ],
                "missing": [{"item": name, "reason": reason} for name, reason in result.missing],
            }
        )
        return 1 if result.missing else 0
    rows = [
        (label, "–" if figures[name] != figures[name] else form.format(figures[name]), note)
        for name, label, form, note in _ROWS
    ]
    print_table(("", "mean", ""), rows, title=f"DAD-3DHeads {config.split}, {figures['heads']} heads")
    if result.attributes:
        _print_attributes(result)
    if config.predicting.predict:
        print_written([config.submission])
    return print_missing("mien benchmark dad3d", result.missing, of=len(heads))


def _print_attributes(result: DadResult) -> None:
    names = ("nme_percent", "z5", "chamfer", "pose")
    rows = []
    for pair in result.attributes:
        each = result.figures(pair)
        rows.append((*pair, *(f"{each[name]:.3f}" for name in names), str(each["heads"])))
    header = ("attribute", "value", "NME %", "Z5", "chamfer", "pose", "heads")
    print_table(header, rows, title="By attribute")
