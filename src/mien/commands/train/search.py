"""`mien train search` and `mien train export-search`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import Flat, parse
from mien.commands.options import CheckpointOption, ResumeOption
from mien.commands.train.display import need_training, training_bar
from mien.errors import InputError
from mien.files import OutputFile, OutputFolder
from mien.training.search.config import SearchTrainingConfig


@dataclass(frozen=True)
class TrainSearchConfig:
    """Train the face-search network on scenes composed of synthetic faces made with `mien synth`.

    Interrupted with Ctrl-C, it saves a checkpoint and goes on with --resume. At the end search.onnx and its
    card are written into OUT.
    """

    search: Flat[SearchTrainingConfig]
    """Data, architecture, length."""
    out: OutputFolder = Path("run")
    """Folder for checkpoint.pt, log.jsonl, search.onnx and search.card.json."""
    progress: Flat[ResumeOption] = ResumeOption()


@dataclass(frozen=True)
class ExportSearchConfig:
    """Write a trained search network as an ONNX file, checked against torch, with its card beside it."""

    trained: Flat[CheckpointOption]
    out: OutputFile
    """ONNX file to write; the card is named after it (search.onnx: search.card.json)."""
    data: tuple[Path, ...] = ()
    """Folders of shards it was trained on: their manifests go into the card, their heads into the scenes that
    --eight-bits needs."""
    eight_bits: bool = False
    """Compute with 8 bits: a third of the time (needs --data)."""


def run(arguments: list[str]) -> int:
    """Train and export; returns the exit code."""
    config = parse(TrainSearchConfig, arguments, prog="mien train search")
    need_training()
    from mien.learning.trainer import CHECKPOINT_NAME
    from mien.training.search.training import train_search

    with training_bar("reading the first shards", out=config.out) as report:
        checkpoint = train_search(config.search, out=config.out, resume=config.progress.resume, report=report)
    path = config.out / CHECKPOINT_NAME
    print(f"{path}: {checkpoint.step} steps in {checkpoint.elapsed_s / 60:.1f} minutes")
    return _export(
        ExportSearchConfig(CheckpointOption(path), config.out / "search.onnx", config.search.scenes.data)
    )


def run_export(arguments: list[str]) -> int:
    """Export; returns the exit code."""
    config = parse(ExportSearchConfig, arguments, prog="mien train export-search")
    need_training()
    return _export(config)


def _export(config: ExportSearchConfig) -> int:
    from mien.training.search.checkpoints import averaged_network, read_checkpoint
    from mien.training.search.onnx_export import export_search, quantise_search, write_search_card

    if config.out.suffix != ".onnx":
        raise InputError("the name must end in .onnx", source=config.out)
    if config.eight_bits and not config.data:
        raise InputError("needs heads to calibrate on; name their folders with --data", source="--eight-bits")
    checkpoint = read_checkpoint(config.trained.checkpoint)
    check = export_search(averaged_network(checkpoint), config.out)
    quantised = quantise_search(config.out, config.data) if config.eight_bits else None
    write_search_card(checkpoint, check, config.out, directories=config.data, quantised=quantised)
    print(
        f"{config.out}: {check.file_mb:.2f} MB, {check.latency_ms:.1f} ms for 640 × 360 on one thread, "
        f"at most {check.largest_difference:.1e} from torch; card beside it"
    )
    if quantised is not None:
        print(
            f"with 8 bits: {quantised.file_mb:.2f} MB, {quantised.latency_ms:.1f} ms, recall "
            f"{quantised.rough.recall:.3f} ({quantised.exact.recall:.3f} with 32)"
        )
    print(f"try it: mien landmarks photo.jpg --search {config.out}")
    return 0
