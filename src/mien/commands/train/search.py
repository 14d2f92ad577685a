"""`mien train search` and `mien train export-search`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import parse
from mien.commands.train.display import Display, need_training
from mien.errors import InputError


@dataclass(frozen=True)
class TrainSearchConfig:
    """Train the face-search network on scenes composed of synthetic faces made with `mien synth`.

    Interrupted with Ctrl-C, it saves a checkpoint and goes on with --resume. At the end search.onnx and its
    card are written into OUT.
    """

    data: tuple[Path, ...]
    """Folders of shards."""
    out: Path = Path("run")
    """Folder for checkpoint.pt, log.jsonl, search.onnx and search.card.json."""
    max_minutes: float = 15.0
    """Length of the training, minutes; the learning rate follows it."""
    max_steps: int | None = None
    """Length in steps instead of minutes."""
    batch: int = 24
    """Scenes per step."""
    learning_rate: float = 3e-3
    """Peak learning rate."""
    seed: int = 0
    """Seed of weights and scenes."""
    resume: bool = False
    """Go on from OUT/checkpoint.pt."""
    set: str = "dense320"
    """Landmark set whose face points define a face's region."""
    max_pictures: int = 15_000
    """Most heads kept in memory (83 kB each)."""
    held_out: int = 1
    """Shards with a number below this are kept for validation."""
    threads: int | None = None
    """Torch's CPU threads; without a number, as many as find a free core."""
    checkpoint_minutes: float = 3.0
    """Minutes between checkpoints and validations."""


@dataclass(frozen=True)
class ExportSearchConfig:
    """Write a trained search network as an ONNX file, checked against torch, with its card beside it."""

    checkpoint: Path
    """checkpoint.pt of `mien train search`."""
    out: Path
    """ONNX file to write; the card is named after it (search.onnx: search.card.json)."""
    data: tuple[Path, ...] = ()
    """Folders of shards it was trained on: their manifests go into the card."""


def run(arguments: list[str]) -> int:
    """Train and export; returns the exit code."""
    config = parse(TrainSearchConfig, arguments, prog="mien train search")
    need_training()
    from mien.datasets.crops.layout import load_layout
    from mien.datasets.search_scenes.batches import ScenePlan
    from mien.learning.trainer import CHECKPOINT_NAME
    from mien.training.search.loop import SearchTraining, train_search

    plan = ScenePlan(
        directories=config.data,
        layout=load_layout(config.set),
        batch=config.batch,
        seed=config.seed,
        max_pictures=config.max_pictures,
        held_out=config.held_out,
    )
    options = SearchTraining(
        max_minutes=config.max_minutes,
        max_steps=config.max_steps,
        learning_rate=config.learning_rate,
        threads=config.threads,
        checkpoint_minutes=config.checkpoint_minutes,
    )
    with Display(out=config.out, samples="scenes") as display:
        checkpoint = train_search(plan, options, out=config.out, resume=config.resume, report=display.report)
    path = config.out / CHECKPOINT_NAME
    print(f"{path}: {checkpoint.step} steps in {checkpoint.elapsed_s / 60:.1f} minutes")
    return _export(ExportSearchConfig(path, config.out / "search.onnx", config.data))


def run_export(arguments: list[str]) -> int:
    """Export; returns the exit code."""
    config = parse(ExportSearchConfig, arguments, prog="mien train export-search")
    need_training()
    return _export(config)


def _export(config: ExportSearchConfig) -> int:
    from mien.training.search.checkpoints import load_checkpoint
    from mien.training.search.onnx_export import export_search, write_search_card

    if config.out.suffix != ".onnx":
        raise InputError("the name must end in .onnx", source=config.out)
    checkpoint = load_checkpoint(config.checkpoint)
    check = export_search(checkpoint.averaged_network(), config.out)
    write_search_card(checkpoint, check, config.out, directories=config.data)
    print(
        f"{config.out}: {check.file_mb:.2f} MB, {check.latency_ms:.1f} ms for 640 × 360 on one thread, "
        f"at most {check.largest_difference:.1e} from torch; card beside it\n"
        f"try it: mien landmarks photo.jpg --search {config.out}"
    )
    return 0
