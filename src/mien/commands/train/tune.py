"""`mien train tune` and `mien train export-tuned`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import Flat, parse
from mien.commands.options import CalibrationOption, CheckpointOption, LoaderOption, ResumeOption
from mien.commands.train.display import need_training, training_bar
from mien.commands.usage import UsageError
from mien.files import OutputFile, OutputFolder
from mien.training.tuning.config import TuneConfig


@dataclass(frozen=True)
class TrainTuneConfig:
    """Train a finished landmark network as a whole, its encoders with it.

    Interrupted with Ctrl-C, it saves a checkpoint and goes on with --resume.
    """

    tune: Flat[TuneConfig]
    """Network, data, loss, length."""
    out: OutputFolder = Path("tuned")
    """Folder for checkpoint.pt and log.jsonl."""
    progress: Flat[ResumeOption] = ResumeOption()
    loader: Flat[LoaderOption] = LoaderOption()


@dataclass(frozen=True)
class ExportTunedConfig:
    """Write a tuned landmark network as ONNX with its card."""

    trained: Flat[CheckpointOption]
    before: Path
    """The .onnx file that the training began with, or the name of a shipped network."""
    out: OutputFile
    """ONNX file to write; the card is named after it."""
    share: float = 1.0
    """Of the way from the weights before to the tuned ones: these fit drawn pictures best, a place between
    may carry over better to photographs."""
    calibration: Flat[CalibrationOption] = CalibrationOption()


def run(arguments: list[str]) -> int:
    """Train; returns the exit code."""
    config = parse(TrainTuneConfig, arguments, prog="mien train tune")
    need_training("torch", "onnx")
    from mien.commands.train.loader import loader_feeder
    from mien.learning.checkpoints import CHECKPOINT_NAME
    from mien.training.tuning.training import tune_landmarks

    with training_bar("reading the first shards", out=config.out) as report:
        checkpoint = tune_landmarks(
            config.tune,
            out=config.out,
            resume=config.progress.resume,
            feeder=loader_feeder(config.loader),
            report=report,
        )
    path = config.out / CHECKPOINT_NAME
    print(
        f"{path}: {checkpoint.step} steps, {checkpoint.samples} crops in "
        f"{checkpoint.elapsed_s / 60:.1f} minutes\n"
        f"export with: mien train export-tuned --checkpoint {path} --before {config.tune.network} "
        "--out mine.onnx"
    )
    return 0


def run_export(arguments: list[str]) -> int:
    """Export; returns the exit code."""
    config = parse(ExportTunedConfig, arguments, prog="mien train export-tuned")
    if config.out.suffix != ".onnx":
        raise UsageError("--out: the name must end in .onnx", source=config.out)
    need_training("torch", "onnx")
    from mien.learning.cards import add_to_card
    from mien.training.tuning.export import export_tuned, write_tuned_card
    from mien.training.tuning.training import read_checkpoint

    checkpoint = read_checkpoint(config.trained.checkpoint)
    check = export_tuned(checkpoint, config.before, config.out, share=config.share)
    card = config.out.with_suffix(".card.json")
    write_tuned_card(checkpoint, config.before, card, name=config.out.stem, share=config.share, check=check)
    if config.calibration.calibrate_on:
        from mien.evaluation.landmarks.exact_faces import read_exact_faces
        from mien.evaluation.landmarks.sigma_calibration import sigma_scale

        faces = read_exact_faces(config.calibration.calibrate_on, most=300, held_out=10**6)
        add_to_card(card, sigma_scale=round(sigma_scale(config.out, faces), 3))
    print(
        f"{config.out}: {check.file_mb:.1f} MB, {check.latency_ms:.2f} ms a crop on one thread; card beside "
        f"it\ntry it: mien landmarks photo.jpg --model {config.out}"
    )
    return 0
