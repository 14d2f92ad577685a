"""`mien train field-landmarks`: volumes of synthetic heads, and the coarse and fine networks that learn from
them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mien.commands.arguments import parse
from mien.errors import InputError


@dataclass(frozen=True)
class FieldLandmarkTrainingConfig:
    """Train the networks that find 3D landmarks in radiance fields, in three stages.

    First `--stage volumes` (dressed synthetic heads as grids; goes on where it stopped), then `--stage
    coarse`
    and `--stage fine` (in any order, each goes on from its checkpoint), then `--stage export` puts both into
    one
    file with a card.
    """

    stage: Literal["volumes", "coarse", "fine", "export"]
    """What to do."""
    out: Path
    """Folder for volumes or a checkpoint; for export the .safetensors file."""
    volumes: Path | None = None
    """Coarse and fine: folder of the volumes."""
    assets: Path | None = None
    """Volumes: folder that holds ict_facekit/ and makehuman/."""
    first_seed: int = 0
    """Volumes: the first one's seed."""
    count: int = 1000
    """Volumes: how many."""
    coarse: Path | None = None
    """Fine: the coarse stage's checkpoint; half of the boxes are cut at its predictions. Export: the same."""
    fine: Path | None = None
    """Export: the fine checkpoint."""
    encoder: Literal["voxresnet", "vgg"] = "voxresnet"
    """Backbone."""
    shape: Literal["bilinear", "linear"] = "bilinear"
    """Shape model."""
    pose: Literal["6d", "matrix"] = "6d"
    """6D rotation with scale and shift, or the paper's 3×4 matrix."""
    size: int = 24
    """Voxels a side of each box (the paper: 64, sampled; here boxes are sampled at twice this and
    averaged)."""
    width: int = 16
    """Channels after the first convolution."""
    boxes: Literal[1, 4] = 4
    """Fine: face, both eyes and mouth, or the face alone."""
    expressions: Literal["all", "basic", "warped"] = "all"
    """Volumes of every expression, of the 20 basic ones, or these warped by thin-plate splines."""
    max_minutes: float = 60.0
    """Wall time; the learning rate decays over it."""
    max_steps: int = 1_000_000
    """Steps at most."""
    batch: int = 16
    """Samples in a step."""
    threads: int = 1
    """Threads."""
    seed: int = 0
    """Of weights and batches."""


def run(arguments: list[str]) -> int:
    """Run one stage."""
    config = parse(FieldLandmarkTrainingConfig, arguments, prog="mien train field-landmarks")
    if config.stage == "volumes":
        return _volumes(config)
    if config.stage == "export":
        return _export(config)
    return _train(config)


def _volumes(config: FieldLandmarkTrainingConfig) -> int:
    from rich.console import Console
    from rich.progress import Progress

    from mien.training.field_landmarks.bank import make_bank

    assets = _required(config.assets, "--assets")
    with Progress(console=Console(file=sys.stderr)) as bar:
        task = bar.add_task("volumes", total=config.count)
        written = make_bank(
            assets,
            config.out,
            first_seed=config.first_seed,
            count=config.count,
            progress=lambda done: bar.update(task, completed=done),
        )
    print(f"{written} new volumes in {config.out}")
    print(f"train with: mien train field-landmarks --stage coarse --volumes {config.out} --out coarse")
    return 0


def _train(config: FieldLandmarkTrainingConfig) -> int:
    from mien.field_landmarks.network import NetworkConfig
    from mien.field_landmarks.wing import millimetres_of_wing
    from mien.training.field_landmarks.train import LandmarkTraining, TrainingReport, train_landmark_network

    def report(state: TrainingReport) -> None:
        line = f"{state.seconds:7.0f} s  step {state.step:6d}  wing×10 {10 * state.wing:6.3f}"
        if state.validation_wing == state.validation_wing:
            millimetres = millimetres_of_wing(state.validation_wing)
            line += f"  validation {10 * state.validation_wing:6.3f} ({millimetres:.2f} mm)"
        print(line, file=sys.stderr, flush=True)

    assert config.stage in ("coarse", "fine")
    network = NetworkConfig(
        stage=config.stage,
        encoder=config.encoder,
        shape=config.shape,
        pose=config.pose,
        size=config.size,
        width=config.width,
        boxes=config.boxes,
    )
    training = LandmarkTraining(
        network=network,
        volumes=_required(config.volumes, "--volumes"),
        out=config.out,
        coarse=config.coarse if config.stage == "fine" else None,
        expressions=config.expressions,
        max_minutes=config.max_minutes,
        max_steps=config.max_steps,
        batch=config.batch,
        threads=config.threads,
        seed=config.seed,
    )
    path = train_landmark_network(training, report=report)
    print(f"{config.stage} checkpoint: {path}")
    return 0


def _export(config: FieldLandmarkTrainingConfig) -> int:
    from mien.training.field_landmarks.export import export_networks

    path = export_networks(
        coarse=_required(config.coarse, "--coarse"), fine=_required(config.fine, "--fine"), out=config.out
    )
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB; card beside it")
    return 0


def _required(path: Path | None, option: str) -> Path:
    if path is None:
        raise InputError(f"this stage needs {option}", source="mien train field-landmarks")
    return path
