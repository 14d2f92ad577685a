"""`mien train landmarks`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import Flat
from mien.commands.options import LoaderOption, OptionsFileOption, ResumeOption
from mien.commands.options_file import parse_with_file
from mien.commands.train.display import need_training, training_bar
from mien.files import OutputFolder
from mien.training.landmarks.config import LandmarkTrainingConfig


@dataclass(frozen=True)
class TrainLandmarksConfig:
    """Train the dense landmark network on synthetic faces made with `mien synth`.

    Shards that appear while it trains are taken in. Interrupted with Ctrl-C, it saves a checkpoint and goes
    on with --resume.
    """

    landmarks: Flat[LandmarkTrainingConfig]
    """Data, architecture, loss, length."""
    out: OutputFolder = Path("run")
    """Folder for checkpoint.pt and log.jsonl."""
    file: Flat[OptionsFileOption] = OptionsFileOption()
    progress: Flat[ResumeOption] = ResumeOption()
    loader: Flat[LoaderOption] = LoaderOption()


def run(arguments: list[str]) -> int:
    """Train; returns the exit code."""
    config = parse_with_file(TrainLandmarksConfig, arguments, prog="mien train landmarks")
    need_training()
    from mien.commands.train.loader import loader_feeder
    from mien.learning.trainer import CHECKPOINT_NAME
    from mien.learning.training_log import LOG_NAME
    from mien.training.landmarks.training import train_landmarks

    with training_bar("reading the first shards", out=config.out) as report:
        checkpoint = train_landmarks(
            config.landmarks,
            out=config.out,
            resume=config.progress.resume,
            feeder=loader_feeder(config.loader),
            report=report,
        )
    path = config.out / CHECKPOINT_NAME
    print(
        f"{path}: {checkpoint.step} steps, {checkpoint.samples} samples in {checkpoint.elapsed_s / 60:.1f} "
        f"minutes; curves in {config.out / LOG_NAME}\n"
        f"export with: mien train export-landmarks --checkpoint {path} --data "
        f"{' '.join(map(str, config.landmarks.crops.data))} --out mine.onnx"
    )
    return 0
