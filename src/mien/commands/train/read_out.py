"""`mien train read-out`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import Flat, parse
from mien.commands.options import ResumeOption
from mien.commands.train.display import need_training, training_bar
from mien.files import OutputFolder
from mien.training.read_out.config import ReadOutTrainingConfig


@dataclass(frozen=True)
class TrainReadOutConfig:
    """Train what reads dense landmarks out of frozen networks that have seen real people.

    Interrupted with Ctrl-C, it saves a checkpoint and goes on with --resume.
    """

    read_out: Flat[ReadOutTrainingConfig]
    """Data, architecture, loss, length."""
    out: OutputFolder = Path("read-out")
    """Folder for checkpoint.pt and log.jsonl."""
    progress: Flat[ResumeOption] = ResumeOption()


def run(arguments: list[str]) -> int:
    """Train; returns the exit code."""
    config = parse(TrainReadOutConfig, arguments, prog="mien train read-out")
    need_training("torch")
    from mien.learning.checkpoints import CHECKPOINT_NAME
    from mien.training.read_out.training import train_read_out

    with training_bar("reading encoded crops", out=config.out) as report:
        checkpoint = train_read_out(
            config.read_out, out=config.out, resume=config.progress.resume, report=report
        )
    path = config.out / CHECKPOINT_NAME
    print(
        f"{path}: {checkpoint.step} steps, {checkpoint.samples} crops in "
        f"{checkpoint.elapsed_s / 60:.1f} minutes\n"
        f"export with: mien train export-read-out --checkpoint {path} --encoders FILES --out mine.onnx"
    )
    return 0
