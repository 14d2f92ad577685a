"""`mien train field-landmarks fine`."""

from __future__ import annotations

from dataclasses import dataclass

from mien.commands.arguments import Flat, parse
from mien.commands.options import ResumeOption
from mien.commands.train.field_landmarks import PROG
from mien.commands.train.field_landmarks.coarse import train
from mien.files import OutputFolder
from mien.training.landmarks_in_fields.config import FineTrainingConfig


@dataclass(frozen=True)
class TrainFineConfig:
    """Train the network that looks at faces where the coarse one sees a head.

    Interrupted with Ctrl-C, it saves a checkpoint and goes on with --resume.
    """

    fine: Flat[FineTrainingConfig]
    """Data, architecture, length."""
    out: OutputFolder
    """Folder for checkpoint.pt and log.jsonl."""
    progress: Flat[ResumeOption] = ResumeOption()


def run(arguments: list[str]) -> int:
    """Train; returns the exit code."""
    config = parse(TrainFineConfig, arguments, prog=f"{PROG} fine")
    path = train(config.fine, out=config.out, resume=config.progress.resume)
    print(f"next: {PROG} export --coarse … --fine {path} --out mine.safetensors")
    return 0
