"""`mien benchmark micc`: shape error on MICC Florence, GANFit's protocol."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import Flat, parse
from mien.commands.benchmark.submissions import print_missing
from mien.commands.display import print_json, print_table, print_written, progress_bar
from mien.commands.options import JsonOption, NetworkOption, SubmissionOptions
from mien.commands.usage import UsageError


@dataclass(frozen=True)
class MiccConfig:
    """Symmetric shape error on MICC Florence by GANFit's protocol: mean and deviation, millimetres.

    Measures a submission (subject_NN/{Indoor-Cooperative,PTZ-Indoor,PTZ-Outdoor}.obj), or with --predict
    makes one first: the mean of the frames' shapes, or with --together one shape from all frames. The scans
    are to be had from the data's publishers; landmarks, template and the program that registers scans with it
    from GANFit's.
    """

    registered: Path
    """Registered scans: subject_NN/Model/frontal1/obj/*.obj."""
    landmarks: Path
    """Landmarks of the original scans: subject_NN/Model/frontal1/obj/*.ljson."""
    submission: Flat[SubmissionOptions]
    template: Path = Path("template.obj")
    """The template that the scans were registered with."""
    template_landmarks: Path = Path("landmark_ids.pkl")
    """The vertices of its 68 landmarks."""
    predict: Path | None = None
    """First fit mien's head to the videos of this folder: subject_NN/SETTING/*.jpg or SETTING.mov."""
    frames: int = 30
    """With --predict: frames of each video, evenly chosen."""
    network: Flat[NetworkOption] = NetworkOption()
    output: Flat[JsonOption] = JsonOption()


def run(arguments: list[str]) -> int:
    """Run the benchmark and return the exit code: 1 when predictions are missing."""
    config = parse(MiccConfig, arguments, prog="mien benchmark micc")
    if config.frames < 1:
        raise UsageError("--frames: must be 1 or more")

    from mien.evaluation.published.micc import SETTINGS, evaluate, read_template

    template = read_template(config.template, config.template_landmarks)
    if config.predict is not None:
        from mien.evaluation.published.micc_prediction import predict
        from mien.heads.library import load_head
        from mien.landmarks.landmarker import Landmarker

        with progress_bar(quiet=config.output.json) as report:
            predict(
                config.predict,
                config.submission.predictions,
                landmarker=Landmarker(config.network.model),
                head=load_head(),
                together=config.submission.together,
                most=config.frames,
                report=report,
            )
    with progress_bar(quiet=config.output.json) as report:
        result = evaluate(
            config.registered, config.landmarks, template, config.submission.predictions, report=report
        )
    figures = result.figures()
    if config.output.json:
        print_json(
            {
                "format_version": 1,
                "benchmark": "micc",
                "protocol": "GANFit",
                "together": config.predict is not None and config.submission.together,
                "comparable": not result.missing and len(result.subjects) == 53,
                "subjects": list(result.subjects),
                "figures": figures,
                "errors_mm": dict(zip(SETTINGS, result.errors_mm.tolist(), strict=True)),
                "missing": [{"prediction": name, "reason": reason} for name, reason in result.missing],
            }
        )
        return 1 if result.missing else 0
    rows = [
        (name, f"{each['mean_mm']:.3f}", f"{each['std_mm']:.3f}", str(each["subjects"]))
        for name, each in figures.items()
    ]
    print_table(("setting", "mean", "std", "subjects"), rows, title="MICC Florence, GANFit's protocol, mm")
    if config.predict is not None:
        print_written([config.submission.predictions])
    return print_missing("mien benchmark micc", result.missing, of=3 * len(result.subjects))
