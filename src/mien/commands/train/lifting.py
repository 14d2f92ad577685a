"""`mien train lifting` and `mien train export-lifting`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import Flat, parse
from mien.commands.options import CheckpointOption, ResumeOption
from mien.commands.train.display import need_training, training_bar
from mien.commands.usage import UsageError
from mien.files import OutputFile, OutputFolder
from mien.training.lifting.config import LiftingTrainingConfig


@dataclass(frozen=True)
class TrainLiftingConfig:
    """Train what lifts 2D landmark definitions to 3D, from pseudo-labels and video frames.

    Interrupted with Ctrl-C, it saves a checkpoint and goes on with --resume.
    """

    lifting: Flat[LiftingTrainingConfig]
    """Data, architecture, losses, length."""
    out: OutputFolder = Path("lifting")
    """Folder for checkpoint.pt and log.jsonl."""
    progress: Flat[ResumeOption] = ResumeOption()


def run(arguments: list[str]) -> int:
    """Train; returns the exit code."""
    config = parse(TrainLiftingConfig, arguments, prog="mien train lifting")
    need_training("torch")
    from mien.learning.checkpoints import CHECKPOINT_NAME
    from mien.training.lifting.training import train_lifting

    with training_bar("reading samples", out=config.out) as report:
        checkpoint = train_lifting(
            config.lifting, out=config.out, resume=config.progress.resume, report=report
        )
    path = config.out / CHECKPOINT_NAME
    print(
        f"{path}: {checkpoint.step} steps, {checkpoint.samples} crops in "
        f"{checkpoint.elapsed_s / 60:.1f} minutes\n"
        f"export with: mien train export-lifting --checkpoint {path} --encoders FILES --out mine.onnx"
    )
    return 0


@dataclass(frozen=True)
class ExportLiftingConfig:
    """Write encoders and lifting network as one ONNX file, checked against its parts, with its card."""

    trained: Flat[CheckpointOption]
    encoders: tuple[Path, ...] = ()
    """The encoders' files, as for `mien train encode-lifting`; none for a network that takes pixels."""
    out: OutputFile = Path("lifting.onnx")
    """ONNX file to write; the card is named after it."""
    crop_scale: float = 1.0
    """Side of the crop over that of the face's region: as the training showed faces."""
    looks_once: bool = False
    """Faces are not to be looked at mirrored too."""


def run_export(arguments: list[str]) -> int:
    """Export; returns the exit code."""
    config = parse(ExportLiftingConfig, arguments, prog="mien train export-lifting")
    if config.out.suffix != ".onnx":
        raise UsageError("--out: the name must end in .onnx", source=config.out)
    need_training("torch", "onnx")
    from mien.training.lifting.onnx_export import export_lifting, write_lifting_card
    from mien.training.lifting.training import read_checkpoint

    checkpoint = read_checkpoint(config.trained.checkpoint)
    check = export_lifting(checkpoint, config.encoders, config.out)
    write_lifting_card(
        checkpoint,
        check,
        config.out.with_suffix(".card.json"),
        name=config.out.stem,
        encoders=config.encoders,
        crop_scale=config.crop_scale,
        both_ways=not config.looks_once,
    )
    print(
        f"{config.out}: {check.file_mb:.1f} MB, {check.latency_ms:.2f} ms a crop on one thread, at most "
        f"{check.largest_difference:.1e} from its parts; card beside it\n"
        f"try it: mien lift photo.jpg --network {config.out}"
    )
    return 0
