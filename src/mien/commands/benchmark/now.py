"""`mien benchmark now`: scan-to-mesh error of neutral shapes on the NoW data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mien.commands.arguments import Flat, parse
from mien.commands.benchmark.submissions import print_missing
from mien.commands.display import print_json, print_table, print_written, progress_bar
from mien.commands.options import JsonOption, NetworkOption, PredictOption, SubmissionOptions

CHALLENGES = ("multiview_neutral", "multiview_expressions", "multiview_occlusions", "selfie")


@dataclass(frozen=True)
class NowConfig:
    """Scan-to-mesh error on NoW: median, mean and standard deviation, millimetres.

    Measures a submission (SUBJECT/CHALLENGE/IMAGE.obj or .ply, with .npy or .txt beside it), or with
    --predict makes one first, with --together for the multi-view challenge. The data is to be had, after
    registration, from the benchmark's authors.
    """

    data: Path
    """NoW's folder: imagepathsvalidation.txt, scans/, scans_lmks_onlypp/ (and the pictures for --predict)."""
    submission: Flat[SubmissionOptions]
    predicting: Flat[PredictOption] = PredictOption()
    images: Path | None = None
    """Folder with SUBJECT/CHALLENGE/IMAGE.jpg, where it is not in --data."""
    split: Literal["val", "test"] = "val"
    """Which list of pictures; the test scans are not public, so test is for --predict alone."""
    picture_list: Path | None = None
    """A list of pictures to use instead."""
    challenge: (
        Literal["multiview_neutral", "multiview_expressions", "multiview_occlusions", "selfie"] | None
    ) = None
    """One challenge only."""
    metrical: Literal["m", "cm", "mm"] | None = None
    """The metrical challenge: sizes count. The unit of the predictions; mien's own are in m."""
    network: Flat[NetworkOption] = NetworkOption()
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Run the benchmark and return the exit code: 1 when predictions are missing."""
    config = parse(NowConfig, arguments, prog="mien benchmark now")

    from mien.evaluation.published.now import evaluate, read_pictures

    pictures = read_pictures(
        config.data, split=config.split, challenge=config.challenge, picture_list=config.picture_list
    )
    if config.predicting.predict:
        from mien.evaluation.published.now_prediction import predict
        from mien.heads.library import load_head
        from mien.landmarks.landmarker import Landmarker

        with progress_bar(quiet=config.output.json) as report:
            predict(
                pictures,
                config.images or config.data,
                config.submission.predictions,
                landmarker=Landmarker(config.network.model),
                head=load_head(),
                together=config.submission.together,
                report=report,
            )
        if config.split == "test" and not (config.data / "scans").is_dir():
            if config.output.json:
                return print_json(
                    {"benchmark": "now", "split": "test", "submission": str(config.submission.predictions)}
                )
            print_written(
                [config.submission.predictions],
                next_step="send it to the benchmark's authors, who have the scans",
            )
            return 0
    with progress_bar(quiet=config.output.json) as report:
        result = evaluate(
            config.data, config.submission.predictions, pictures, metrical_unit=config.metrical, report=report
        )
    present = [name for name in CHALLENGES if any(each.challenge == name for each in pictures)]
    figures = {"all": result.figures(), **{name: result.figures(name) for name in present}}
    missing = [(str(picture.stem), reason) for picture, reason in result.missing]
    if config.output.json:
        print_json(
            {
                "format_version": 1,
                "benchmark": "now",
                "split": config.split,
                "metrical": result.metrical,
                "together": config.predicting.predict and config.submission.together,
                "comparable": not missing,
                "figures": figures,
                "missing": [{"picture": name, "reason": reason} for name, reason in missing],
            }
        )
        return 1 if missing else 0
    rows = [
        (name, *(f"{each[key]:.3f}" for key in ("median_mm", "mean_mm", "std_mm")), str(each["pictures"]))
        for name, each in figures.items()
    ]
    kind = "metrical" if result.metrical else "scale aligned"
    header = ("challenge", "median", "mean", "std", "pictures")
    print_table(header, rows, title=f"NoW {config.split}, {kind}, mm")
    if config.predicting.predict:
        print_written([config.submission.predictions])
    return print_missing("mien benchmark now", missing, of=len(pictures))
