"""`mien train search` and `mien train export-search`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import parse
from mien.errors import InputError, MissingExtraError


@dataclass(frozen=True)
class TrainSearchConfig:
    """Train the face-search network on scenes composed of synthetic faces made with `mien synth`.

    Interrupted with Ctrl-C, it saves a checkpoint and goes on with --resume. At the end search.onnx and its
    card are written into OUT.
    """

    data: tuple[Path, ...]
    """Folders of shards."""
    out: Path
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
    """Shards per folder, the first by name, kept for validation."""
    threads: int = 2
    """Torch's CPU threads."""
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
    _need_training()
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from mien.training.landmark_network.layout import load_layout
    from mien.training.search.batches import ScenePlan
    from mien.training.search.loop import SearchProgress, SearchTraining, train_search

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
    console = Console(stderr=True)
    bar = Progress(
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
        console=console,
    )
    with bar:
        task = bar.add_task("reading shards", total=1.0)

        def report(progress: SearchProgress) -> None:
            text = f"step {progress.step}  loss {progress.loss:.3f}  {progress.scenes_per_s:.0f} scenes/s"
            bar.update(task, completed=progress.share, description=text)
            if progress.figures:
                line = "  ".join(f"{key} {value:.4f}" for key, value in progress.figures.items())
                console.print(f"{progress.elapsed_s / 60:5.1f} min  {line}", highlight=False)

        checkpoint = train_search(plan, options, out=config.out, resume=config.resume, report=report)
    console.print(f"{checkpoint.step} steps in {checkpoint.elapsed_s / 60:.1f} minutes", highlight=False)
    return _export(ExportSearchConfig(config.out / "checkpoint.pt", config.out / "search.onnx", config.data))


def run_export(arguments: list[str]) -> int:
    """Export; returns the exit code."""
    config = parse(ExportSearchConfig, arguments, prog="mien train export-search")
    _need_training()
    return _export(config)


def _export(config: ExportSearchConfig) -> int:
    from mien.training.search.checkpoints import load_checkpoint
    from mien.training.search.onnx_export import export_search, write_search_card

    if config.out.suffix != ".onnx":
        raise InputError("the name must end in .onnx", source=config.out)
    checkpoint = load_checkpoint(config.checkpoint)
    check = export_search(checkpoint.averaged_network(), config.out)
    card = write_search_card(checkpoint, check, config.out, directories=list(config.data))
    print(
        f"{config.out}: {check.file_mb:.2f} MB, {check.latency_ms:.1f} ms for 640 × 360 on one thread, "
        f"at most {check.largest_difference:.1e} from torch\n{card}"
    )
    return 0


def _need_training() -> None:
    import importlib.util

    if importlib.util.find_spec("torch") is None:
        raise MissingExtraError("training", extra="train", cause="torch")
