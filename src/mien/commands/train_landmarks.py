"""`mien train landmarks` and `mien train export-landmarks`."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mien.commands.arguments import parse
from mien.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from mien.training.landmark_network.batches import BatchPlan
    from mien.training.landmark_network.loop import TrainingOptions
    from mien.training.landmark_network.networks import NetworkConfig


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
    config: Path | None = None
    """JSON or TOML file with values of these options by name; options on the command line come first."""
    network: str = "resnet18_half"
    """Backbone: compact14, compact18, resnet10_half, resnet18_half, resnet18, resnet50, resnet101,
    mobilenet_v2, mobilenet_v3_large, mobilenet_v3_small, convnext_tiny, swin_tiny, …"""
    decoder: Literal["mlp", "linear", "spiral"] = "mlp"
    """What turns features into landmarks; spiral is SpiralNet++ on the landmarks' mesh."""
    set: str = "dense320"
    """Landmark set to predict."""
    size: int = 128
    """Side of the crop, pixels."""
    crop_scale: float = 1.0
    """Side of the crops over that of a face's region: below 1, the face is larger in them and its
    surroundings are cut off. The card tells whoever uses the network."""
    max_minutes: float = 50.0
    """Length of the training, minutes; the learning rate follows it."""
    max_steps: int | None = None
    """Length in steps instead of minutes."""
    batch: int = 256
    """Samples per step."""
    learning_rate: float | Literal["auto"] = 2e-3
    """Peak learning rate; auto finds one with a range test first."""
    weight_decay: float = 0.05
    """Weight decay."""
    loss: Literal["gaussian", "laplacian", "l2", "residual", "residual_exp"] = "gaussian"
    """Landmark loss; residual is the residual log-likelihood with σ from a sigmoid, residual_exp from an
    exponential."""
    edge_weight: float = 0.0
    """Weight of the vertex–edge loss beside it; at 1 an edge counts as much as a landmark does in l2."""
    opening_weight: float = 3.5
    """Weight of the distances across lids and lips, which independent points would neglect: keeps blinks."""
    no_augmentation: bool = False
    """Show the synthetic pictures as they are."""
    seed: int = 0
    """Seed of weights and augmentation."""
    initial: Path | None = None
    """Start from the weights in this checkpoint, wherever names and shapes agree (the backbone must)."""
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
    int8: Literal["none", "static", "dynamic"] = "none"
    """Also write NAME.int8.onnx (needs --data) and how it differs; static quantises convolutions too."""
    half_weights: bool = False
    """Store weights with 16 bits: half the size, computed with 32 bits as before (needs --data)."""
    look_scales: tuple[float, ...] = ()
    """How regions are to be shown to the network: sides of the crops over the region's, left out as it was
    trained. The points of several looks are averaged."""
    mirrored_looks: bool = False
    """Show every crop mirrored as well."""
    honest_sigma: bool = False
    """Measure on held-out faces of --data how σ must be scaled to be honest, and note it in the card."""
    command: str = ""
    """Command line that trained it, for the card; pieced together from the checkpoint if left out."""


def run(arguments: list[str]) -> int:
    """Train; returns the exit code."""
    config = parse_with_file(TrainLandmarksConfig, arguments, prog="mien train landmarks")
    need_training()
    from mien.training.landmark_network.feeder import FeederOptions
    from mien.training.landmark_network.loop import train

    with Display() as display:
        checkpoint = train(
            *training_parts(config),
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


def training_parts(config: TrainLandmarksConfig) -> tuple[BatchPlan, NetworkConfig, TrainingOptions]:
    """The data, the architecture and the settings that a configuration means."""
    from mien.training.landmark_network.augment import AugmentOptions
    from mien.training.landmark_network.batches import BatchPlan
    from mien.training.landmark_network.layout import load_layout
    from mien.training.landmark_network.loop import TrainingOptions
    from mien.training.landmark_network.networks import NetworkConfig

    layout = load_layout(config.set)
    augmentation = AugmentOptions.none() if config.no_augmentation else AugmentOptions()
    plan = BatchPlan(
        directories=config.data,
        layout=layout,
        batch=config.batch,
        size=config.size,
        seed=config.seed,
        max_pictures=config.max_pictures,
        held_out=config.held_out,
        options=replace(augmentation, warp=replace(augmentation.warp, crop_scale=config.crop_scale)),
    )
    network = NetworkConfig(
        network=config.network, landmarks=len(layout), input_size=config.size, decoder=config.decoder
    )
    options = TrainingOptions(
        max_minutes=config.max_minutes,
        max_steps=config.max_steps,
        learning_rate=None if config.learning_rate == "auto" else config.learning_rate,
        weight_decay=config.weight_decay,
        loss=config.loss,
        edge_weight=config.edge_weight,
        opening_weight=config.opening_weight,
        threads=config.threads,
        device=config.device,
        initial=config.initial,
        checkpoint_minutes=config.checkpoint_minutes,
    )
    return plan, network, options


def parse_with_file(config_class: type, arguments: list[str], *, prog: str) -> Any:
    """Like `parse`, with the values of the file behind `--config` in place of the defaults.

    Raises:
        InputError: the file is missing, neither JSON nor TOML, or names an unknown option.
        SystemExit: as for `parse`, also for values of the wrong kind in the file.
    """
    places = [i for i, word in enumerate(arguments) if word == "--config" or word.startswith("--config=")]
    path = None
    if places:
        word, *rest = arguments[places[-1] :]
        path = Path(word.partition("=")[2]) if "=" in word else Path(rest[0]) if rest else None
    from_file: list[str] = []
    if path is not None:
        known = [field.name for field in fields(config_class)]
        for name, value in _read_options(path).items():
            if name.replace("-", "_") not in known:
                raise InputError(f"unknown option {name!r}; known are {', '.join(known)}", source=path)
            from_file += _as_words(name, value)
    # what comes later counts, so the command line goes behind the file
    return parse(config_class, from_file + arguments, prog=prog)


def _as_words(name: str, value: Any) -> list[str]:
    option = "--" + name.replace("_", "-")
    if value is None or value is False:
        return []
    if value is True:
        return [option]
    return [option, *map(str, value)] if isinstance(value, list) else [option, str(value)]


def _read_options(path: Path) -> dict[str, Any]:
    import json

    if not path.is_file():
        raise InputError("there is no such file of options", source=path)
    text = path.read_text(encoding="utf-8")
    try:
        if path.suffix == ".toml":
            try:
                import tomllib
            except ImportError as error:  # Python 3.10
                raise InputError("reading TOML needs Python 3.11; write it as JSON", source=path) from error
            values = tomllib.loads(text)
        else:
            values = json.loads(text)
    except ValueError as error:
        raise InputError(f"neither JSON nor (.toml) TOML: {error}", source=path) from error
    if not isinstance(values, dict):
        raise InputError("should hold options by name", source=path)
    return values


def run_export(arguments: list[str]) -> int:
    """Export; returns the exit code."""
    config = parse(ExportLandmarksConfig, arguments, prog="mien train export-landmarks")
    need_training()
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
    if config.int8 != "none" and not config.data:
        raise InputError("needs faces to calibrate and compare on; name them with --data", source="--int8")
    crops = sample_crops(checkpoint, list(config.data), most=64) if config.data else None
    check = export_onnx(checkpoint.averaged_network(), config.out, crops=crops)
    quantised = None
    int8_path = config.out.with_suffix(".int8.onnx")
    if config.int8 != "none" and crops is not None:
        from mien.training.landmark_network.quantisation import quantise

        quantised = quantise(config.out, int8_path, kind=config.int8, crops=crops)
    halved = None
    if config.half_weights:
        if crops is None:
            raise InputError("needs faces to compare on; name them with --data", source="--half-weights")
        from mien.training.landmark_network.half_weights import halve_weights

        halved = halve_weights(config.out, crops=crops)
    card = config.out.with_suffix(".card.json")
    for path in (card,) if quantised is None else (card, int8_path.with_suffix(".card.json")):
        write_card(
            checkpoint,
            check,
            path,
            name=path.name.removesuffix(".card.json"),
            command=config.command or training_command(checkpoint),
            data=read_manifests(list(config.data)),
            quantised=quantised,
            halved=halved,
        )
        _add_looks(path, config, trained_scale=float(checkpoint.training.get("crop_scale", 1.0)))
    if quantised is not None:
        Display().say(
            f"{int8_path}: {quantised.file_mb:.1f} MB, {quantised.latency_ms:.2f} ms a crop on one thread, "
            f"points {quantised.mean_px:.2f} px from float32 on average, at most {quantised.largest_px:.2f}"
        )
    if halved is not None:
        Display().say(
            f"weights with 16 bits: {halved.file_mb:.1f} MB, "
            f"outputs at most {halved.largest_difference:.1e} away"
        )
    Display().say(
        f"{config.out}: {check.file_mb:.1f} MB, {check.latency_ms:.2f} ms a crop on one thread, "
        f"at most {check.largest_difference:.1e} from torch\n{card}"
    )
    return 0


def _add_looks(card: Path, config: ExportLandmarksConfig, *, trained_scale: float) -> None:
    """Note in a card how the network wants to see regions and, if asked for, how honest its σ is."""
    from mien.training.landmark_network.exact_faces import read_exact_faces
    from mien.training.landmark_network.sigma_calibration import sigma_scale, write_into_card

    scales = config.look_scales or (trained_scale,)
    if scales != (1.0,) or config.mirrored_looks:
        sides = (False, True) if config.mirrored_looks else (False,)
        write_into_card(
            card, looks=[{"scale": s, "mirrored": mirrored} for s in scales for mirrored in sides]
        )
    if config.honest_sigma:
        network = card.with_name(card.name.replace(".card.json", ".onnx"))
        write_into_card(
            card, sigma_scale=round(sigma_scale(network, read_exact_faces(config.data, most=300)), 3)
        )


def need_training() -> None:
    """Raise an error that says what to install if the packages for training are missing."""
    import importlib.util

    for module in ("torch", "transformers"):
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError("training", extra="train", cause=module)


class Display:
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

    def __enter__(self) -> Display:
        self.task = self.progress.add_task("reading shards", total=1.0)
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def report(self, progress, *, title: str = "") -> None:
        """Take in a `TrainingProgress`."""
        text = (
            f"{title}step {progress.step}  loss {progress.loss:.3f}  "
            f"{progress.pictures_per_s:.0f} pictures/s  {progress.store_size} faces"
        )
        self.progress.update(self.task, completed=progress.share, description=text)
        if progress.figures and progress.figures != self._shown:
            self._shown = progress.figures
            for name, figures in progress.figures.items():
                line = "  ".join(f"{key} {value:.4f}" for key, value in figures.items())
                self.say(f"{progress.elapsed_s / 60:5.1f} min  {name}: {line}")

    def say(self, text: str) -> None:
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)
