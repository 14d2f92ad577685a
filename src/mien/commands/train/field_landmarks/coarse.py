"""`mien train field-landmarks coarse`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import Flat, parse
from mien.commands.options import ResumeOption
from mien.commands.train.display import need_training, training_bar
from mien.commands.train.field_landmarks import PROG
from mien.files import OutputFolder
from mien.training.landmarks_in_fields.config import CoarseTrainingConfig


@dataclass(frozen=True)
class TrainCoarseConfig:
    """Train the network that looks at whole fields and says where a head is.

    Interrupted with Ctrl-C, it saves a checkpoint and goes on with --resume.
    """

    coarse: Flat[CoarseTrainingConfig]
    """Data, architecture, length."""
    out: OutputFolder
    """Folder for checkpoint.pt and log.jsonl."""
    progress: Flat[ResumeOption] = ResumeOption()


def run(arguments: list[str]) -> int:
    """Train; returns the exit code."""
    config = parse(TrainCoarseConfig, arguments, prog=f"{PROG} coarse")
    path = train(config.coarse, out=config.out, resume=config.progress.resume)
    print(f"next: {PROG} fine --coarse {path} --volumes … --out fine")
    return 0


def train(config: CoarseTrainingConfig, *, out: Path, resume: bool) -> Path:
    """Train a network and say how it went; returns the checkpoint's path."""
    need_training("torch", "safetensors")
    from mien.learning.checkpoints import CHECKPOINT_NAME
    from mien.training.landmarks_in_fields.training import train_field_landmarks

    with training_bar("reading the volumes", out=out) as report:
        checkpoint = train_field_landmarks(config, out=out, resume=resume, report=report)
    path = out / CHECKPOINT_NAME
    print(f"{path}: {checkpoint.step} steps in {checkpoint.elapsed_s / 60:.1f} minutes")
    return path
