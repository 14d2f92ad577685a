"""`mien train morphable-field` and `mien train export-morphable-field`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import Flat, parse
from mien.commands.display import print_written
from mien.commands.options import CheckpointOption, ResumeOption
from mien.commands.train.display import need_training, training_bar
from mien.commands.usage import UsageError
from mien.files import OutputFile, OutputFolder
from mien.training.morphable_fields.config import MorphableTrainingConfig


@dataclass(frozen=True)
class TrainMorphableFieldConfig:
    """Train a model that makes radiance fields of a texture map and 68 landmarks.

    Interrupted with Ctrl-C, it saves a checkpoint and goes on with --resume.
    """

    field: Flat[MorphableTrainingConfig]
    """Pictures, model, sizes, length."""
    out: OutputFolder = Path("morphable-field")
    """Folder for checkpoint.pt and log.jsonl."""
    progress: Flat[ResumeOption] = ResumeOption()


@dataclass(frozen=True)
class ExportMorphableFieldConfig:
    """Write a trained model as one file with half-precision weights, and its card."""

    trained: Flat[CheckpointOption]
    out: OutputFile
    """File to write (.safetensors); the card is named after it."""


def run(arguments: list[str]) -> int:
    """Train; returns the exit code."""
    config = parse(TrainMorphableFieldConfig, arguments, prog="mien train morphable-field")
    need_training("torch")
    from mien.learning.checkpoints import CHECKPOINT_NAME
    from mien.training.morphable_fields.training import train_morphable_field

    with training_bar("reading pictures", out=config.out) as report:
        checkpoint = train_morphable_field(
            config.field, out=config.out, resume=config.progress.resume, report=report
        )
    path = config.out / CHECKPOINT_NAME
    print(
        f"{path}: {checkpoint.step} steps in {checkpoint.elapsed_s / 60:.1f} minutes\n"
        f"export with: mien train export-morphable-field --checkpoint {path} --out mine.safetensors"
    )
    return 0


def run_export(arguments: list[str]) -> int:
    """Export; returns the exit code."""
    config = parse(ExportMorphableFieldConfig, arguments, prog="mien train export-morphable-field")
    if config.out.suffix != ".safetensors":
        raise UsageError("--out: the name must end in .safetensors", source=config.out)
    need_training("torch", "safetensors")
    from mien.training.morphable_fields.export import export_model

    card = export_model(config.trained.checkpoint, config.out)
    print_written(
        [config.out, card],
        next_step=f"mien field edit photo.jpg --morphable-model {config.out}",
    )
    return 0
