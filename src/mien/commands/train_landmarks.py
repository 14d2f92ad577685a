"""`mien train landmarks` and `mien train export-landmarks`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mien.commands.arguments import parse
from mien.errors import InputError, MissingExtraError


@dataclass(frozen=True)
class TrainLandmarksConfig:
    """Train the dense landmark network on synthetic faces made with `mien synth`.

    Shards that appear while it trains are taken in. Interrupted with Ctrl-C, it saves a checkpoint and goes
    on with --resume.
    """

    data: tuple[Path, ...]
    """Folders of shards."""
    out: Path
    """Folder for checkpoint.pt and log.jsonl."""
    network: str = "resnet18_half"
    """Backbone: compact14, compact18, resnet10_half, resnet18_half, resnet18, resnet50, mobilenet_v2, …"""
    set: str = "dense320"
    """Landmark set to predict."""
    size: int = 128
    """Side of the crop, pixels."""
    max_minutes: float = 50.0
    """Length of the training, minutes; the learning rate follows it."""
    max_steps: int | None = None
    """Length in steps instead of minutes."""
    batch: int = 256
    """Samples per step."""
    learning_rate: float = 2e-3
    """Peak learning rate."""
    weight_decay: float = 0.05
    """Weight decay."""
    loss: Literal["gaussian", "laplacian", "l2"] = "gaussian"
    """Landmark loss."""
    seed: int = 0
    """Seed of weights and augmentation."""
    resume: bool = False
    """Go on from OUT/checkpoint.pt."""
    max_pictures: int = 60_000
    """Most pictures kept in memory (110 kB each)."""
    held_out: int = 1
    """Shards with a number below this are kept for validation."""
    threads: int | None = None
    """Torch's CPU threads; without a number, as many as find a free core."""
    loader_threads: int = 1
    """Threads of the process that makes batches."""
    device: Literal["cpu", "cuda"] = "cpu"
    """Where to train."""
    checkpoint_minutes: float = 3.0
    """Minutes between checkpoints and validations."""


@dataclass(frozen=True)
class ExportLandmarksConfig:
    """Write a trained landmark network as an ONNX file, checked against torch, with its card beside it."""

    checkpoint: Path
    """checkpoint.pt of `mien train landmarks`."""
    out: Path
    """ONNX file to write; the card is named after it (realtime.onnx: realtime.card.json)."""
    data: tuple[Path, ...] = ()
    """Folders of shards it was trained on: their manifests go into the card, their faces into the check."""
    command: str = ""
    """Command line that trained it, for the card; pieced together from the checkpoint if left out."""


def run(arguments: list[str]) -> int:
    """Train; returns the exit code."""
    config = parse(TrainLandmarksConfig, arguments, prog="mien train landmarks")
    _need_training()
    from mien.training.landmark_network.batches import BatchPlan
    from mien.training.landmark_network.feeder import FeederOptions
    from mien.training.landmark_network.layout import load_layout
    from mien.training.landmark_network.loop import TrainingOptions, train
    from mien.training.landmark_network.networks import NetworkConfig

    layout = load_layout(config.set)
    plan = BatchPlan(
        directories=config.data,
        layout=layout,
        batch=config.batch,
        size=config.size,
        seed=config.seed,
        max_pictures=config.max_pictures,
        held_out=config.held_out,
    )
    options = TrainingOptions(
        max_minutes=config.max_minutes,
        max_steps=config.max_steps,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
        loss=config.loss,
        threads=config.threads,
        device=config.device,
        checkpoint_minutes=config.checkpoint_minutes,
    )
    with _Display() as display:
        checkpoint = train(
            plan,
            NetworkConfig(network=config.network, landmarks=len(layout), input_size=config.size),
            options,
            out=config.out,
            resume=config.resume,
            feeder=FeederOptions(threads=config.loader_threads),
            report=display.report,
        )
    display.say(
        f"{checkpoint.step} steps, {checkpoint.pictures} samples in {checkpoint.elapsed_s / 60:.1f} minutes\n"
        f"checkpoint: {config.out / 'checkpoint.pt'}\nlog: {config.out / 'log.jsonl'}"
    )
    return 0


def run_export(arguments: list[str]) -> int:
    """Export; returns the exit code."""
    config = parse(ExportLandmarksConfig, arguments, prog="mien train export-landmarks")
    _need_training()
    from mien.training.landmark_network.checkpoints import load_checkpoint
    from mien.training.landmark_network.onnx_export import (
        export_onnx,
        read_manifests,
        sample_crops,
        training_command,
        write_card,
    )

    if config.out.suffix != ".onnx":
        raise InputError("the name must end in .onnx", source=config.out)
    checkpoint = load_checkpoint(config.checkpoint)
    crops = sample_crops(checkpoint, list(config.data)) if config.data else None
    check = export_onnx(checkpoint.averaged_network(), config.out, crops=crops)
    card = config.out.with_suffix(".card.json")
    write_card(
        checkpoint,
        check,
        card,
        name=config.out.stem,
        command=config.command or training_command(checkpoint),
        data=read_manifests(list(config.data)),
    )
    _Display().say(
        f"{config.out}: {check.file_mb:.1f} MB, {check.latency_ms:.2f} ms a crop on one thread, "
        f"at most {check.largest_difference:.1e} from torch\n{card}"
    )
    return 0


def _need_training() -> None:
    import importlib.util

    for module in ("torch", "transformers"):
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError("training", extra="train", cause=module)


class _Display:
    """A progress bar on stderr with loss and speed; figures appear as lines above it."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        self.console = Console(stderr=True)
        self.progress = Progress(
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
            console=self.console,
        )
        self._shown: dict = {}

    def __enter__(self) -> _Display:
        self.task = self.progress.add_task("reading shards", total=1.0)
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def report(self, progress) -> None:
        """Take in a `TrainingProgress`."""
        text = (
            f"step {progress.step}  loss {progress.loss:.3f}  {progress.pictures_per_s:.0f} pictures/s  "
            f"{progress.store_size} faces"
        )
        self.progress.update(self.task, completed=progress.share, description=text)
        if progress.figures and progress.figures != self._shown:
            self._shown = progress.figures
            for name, figures in progress.figures.items():
                line = "  ".join(f"{key} {value:.4f}" for key, value in figures.items())
                self.say(f"{progress.elapsed_s / 60:5.1f} min  {name}: {line}")

    def say(self, text: str) -> None:
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)
