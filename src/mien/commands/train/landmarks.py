"""`mien train landmarks`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mien.commands.options_file import parse_with_file
from mien.commands.train.display import Display, need_training

if TYPE_CHECKING:
    from mien.datasets.crops.batches import BatchPlan
    from mien.training.landmarks.loop import LandmarkTrainingConfig
    from mien.training.landmarks.networks import LandmarkNetworkConfig


@dataclass(frozen=True)
class TrainLandmarksConfig:
    """Train the dense landmark network on synthetic faces made with `mien synth`.

    Shards that appear while it trains are taken in. Interrupted with Ctrl-C, it saves a checkpoint and goes
    on with --resume.
    """

    data: tuple[Path, ...]
    """Folders of shards."""
    out: Path = Path("run")
    """Folder for checkpoint.pt and log.jsonl."""
    config: Path | None = None
    """JSON or TOML file with values of these options by name; options on the command line come first."""
    network: str = "compact14"
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


def run(arguments: list[str]) -> int:
    """Train; returns the exit code."""
    config = parse_with_file(TrainLandmarksConfig, arguments, prog="mien train landmarks")
    need_training()
    from mien.datasets.crops.feeder import FeederConfig
    from mien.learning.trainer import CHECKPOINT_NAME, LOG_NAME
    from mien.training.landmarks.loop import train

    with Display(out=config.out) as display:
        checkpoint = train(
            *training_parts(config),
            out=config.out,
            resume=config.resume,
            feeder=FeederConfig(threads=config.loader_threads),
            report=display.report,
        )
    path = config.out / CHECKPOINT_NAME
    print(
        f"{path}: {checkpoint.step} steps, {checkpoint.pictures} samples in {checkpoint.elapsed_s / 60:.1f} "
        f"minutes; curves in {config.out / LOG_NAME}\n"
        f"export with: mien train export-landmarks --checkpoint {path} --data "
        f"{' '.join(map(str, config.data))} --out mine.onnx"
    )
    return 0


def training_parts(
    config: TrainLandmarksConfig,
) -> tuple[BatchPlan, LandmarkNetworkConfig, LandmarkTrainingConfig]:
    """The data, the architecture and the settings that a configuration means."""
    from mien.datasets.crops.augment import AugmentConfig
    from mien.datasets.crops.batches import BatchPlan
    from mien.datasets.crops.layout import load_layout
    from mien.training.landmarks.loop import LandmarkTrainingConfig
    from mien.training.landmarks.networks import LandmarkNetworkConfig

    layout = load_layout(config.set)
    augmentation = AugmentConfig.none if config.no_augmentation else AugmentConfig.usual
    plan = BatchPlan(
        directories=config.data,
        layout=layout,
        batch=config.batch,
        size=config.size,
        seed=config.seed,
        max_pictures=config.max_pictures,
        held_out=config.held_out,
        options=augmentation(crop_scale=config.crop_scale),
    )
    network = LandmarkNetworkConfig(
        network=config.network, landmarks=len(layout), input_size=config.size, decoder=config.decoder
    )
    options = LandmarkTrainingConfig(
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
