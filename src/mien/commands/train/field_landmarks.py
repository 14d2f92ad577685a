"""`mien train field-landmarks`: volumes of synthetic heads, and the networks that learn from them."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mien.commands.arguments import parse
from mien.errors import InputError


@dataclass(frozen=True)
class FieldLandmarkTrainingConfig:
    """Train the networks that find 3D landmarks in radiance fields, in stages.

    `--stage volumes` fills dressed synthetic heads, `--stage trained-volumes` photographs them and trains a
    field of each; both go on where they stopped. Then come `--stage coarse` and `--stage fine`, which saves a
    checkpoint when it is interrupted with Ctrl-C and goes on with --resume, and `--stage export`, which puts
    both networks into one file with a card.
    """

    stage: Literal["volumes", "trained-volumes", "coarse", "fine", "export"]
    """What to do."""
    out: Path
    """Folder for volumes or a checkpoint; for export the .safetensors file."""
    volumes: tuple[Path, ...] = ()
    """Coarse and fine: folders of volumes. Export: the standard deviations told are made to fit the errors on
    their held-out volumes of trained fields."""
    assets: Path | None = None
    """Volumes: folder that holds ict_facekit/ and makehuman/."""
    first_seed: int = 0
    """Volumes: the first person's seed."""
    count: int = 1000
    """Volumes: how many."""
    takes: int = 4
    """Trained volumes: expressions of each person."""
    people: Literal["head", "makehuman"] = "head"
    """Trained volumes: people of the built-in head, or drawn from MakeHuman anew."""
    coarse: Path | None = None
    """Fine: the coarse stage's checkpoint; half of the boxes are cut at its predictions. Export: the same."""
    fine: Path | None = None
    """Export: the fine checkpoint."""
    start_from: Path | None = None
    """Coarse and fine: begin with the weights of this checkpoint instead of random ones."""
    resume: bool = False
    """Coarse and fine: go on from OUT/checkpoint.pt."""
    encoder: Literal["voxresnet", "vgg"] = "voxresnet"
    """Backbone."""
    shape: Literal["bilinear", "linear"] = "bilinear"
    """Shape model."""
    pose: Literal["6d", "matrix"] = "6d"
    """6D rotation with scale and shift, or the paper's 3×4 matrix."""
    size: int = 24
    """Voxels a side of each box (the paper: 64; here boxes are sampled at twice this and averaged)."""
    width: int = 16
    """Channels after the first convolution."""
    boxes: Literal[1, 4] = 4
    """Fine: face, both eyes and mouth, or the face alone."""
    local: bool = True
    """Fine: find landmarks in the boxes by heatmaps too; with --no-local only the shape model says where they
    are, as in the paper."""
    expressions: Literal["all", "basic", "warped"] = "all"
    """Volumes of every expression, of the 20 basic ones, or these warped by thin-plate splines."""
    max_minutes: float = 60.0
    """Length of the training, minutes; the learning rate follows it."""
    max_steps: int | None = None
    """Length in steps instead of minutes."""
    learning_rate: float = 1e-3
    """Peak learning rate."""
    batch: int = 16
    """Samples in a step."""
    threads: int = 1
    """Torch's CPU threads."""
    seed: int = 0
    """Of weights and batches."""


def run(arguments: list[str]) -> int:
    """Run one stage."""
    config = parse(FieldLandmarkTrainingConfig, arguments, prog="mien train field-landmarks")
    if config.stage in ("volumes", "trained-volumes"):
        return _volumes(config)
    if config.stage == "export":
        return _export(config)
    return _train(config)


def _volumes(config: FieldLandmarkTrainingConfig) -> int:
    import torch
    from rich.console import Console
    from rich.progress import Progress

    from mien.progress import Progress as ProgressOfVolumes

    assets = _required(config.assets, "--assets")
    torch.set_num_threads(config.threads)
    with Progress(console=Console(file=sys.stderr)) as bar:
        task = bar.add_task("volumes", total=config.count)

        def report(progress: ProgressOfVolumes) -> None:
            bar.update(task, completed=progress.done)

        common = {"first_seed": config.first_seed, "count": config.count}
        if config.stage == "volumes":
            from mien.synthetic.volumes.volume_store import make_bank

            written = make_bank(assets, config.out, **common, report=report)
        else:
            from mien.synthetic.volumes.trained_volumes import make_trained_bank

            written = make_trained_bank(
                assets, config.out, **common, takes=config.takes, people=config.people, report=report
            )
    print(f"{written} new volumes in {config.out}")
    print(f"train with: mien train field-landmarks --stage coarse --volumes {config.out} --out coarse")
    return 0


def _train(config: FieldLandmarkTrainingConfig) -> int:
    from mien.commands.train.display import Display
    from mien.landmarks_in_fields.network import FieldNetworkConfig
    from mien.learning.trainer import CHECKPOINT_NAME
    from mien.training.landmarks_in_fields.loop import (
        FieldLandmarkTrainingConfig,
        VolumePlan,
        train_landmark_network,
    )

    assert config.stage in ("coarse", "fine")
    if not config.volumes:
        raise InputError("this stage needs --volumes", source="mien train field-landmarks")
    network = FieldNetworkConfig(
        stage=config.stage,
        encoder=config.encoder,
        shape=config.shape,
        pose=config.pose,
        size=config.size,
        width=config.width,
        boxes=config.boxes,
        local=config.local and config.stage == "fine",
    )
    plan = VolumePlan(
        network=network,
        volumes=config.volumes,
        coarse=config.coarse if config.stage == "fine" else None,
        expressions=config.expressions,
        batch=config.batch,
        seed=config.seed,
    )
    options = FieldLandmarkTrainingConfig(
        max_minutes=config.max_minutes,
        max_steps=config.max_steps,
        learning_rate=config.learning_rate,
        threads=config.threads,
    )
    with Display(out=config.out, samples="samples") as display:
        checkpoint = train_landmark_network(
            plan,
            options,
            out=config.out,
            resume=config.resume,
            start_from=config.start_from,
            report=display.report,
        )
    path = config.out / CHECKPOINT_NAME
    print(f"{path}: {checkpoint.step} steps in {checkpoint.elapsed_s / 60:.1f} minutes")
    if config.stage == "coarse":
        print(f"next: mien train field-landmarks --stage fine --coarse {path} --volumes … --out fine")
    else:
        print(
            f"next: mien train field-landmarks --stage export --coarse … --fine {path} --out mine.safetensors"
        )
    return 0


def _export(config: FieldLandmarkTrainingConfig) -> int:
    from mien.training.landmarks_in_fields.export import export_networks

    path = export_networks(
        coarse=_required(config.coarse, "--coarse"),
        fine=_required(config.fine, "--fine"),
        out=config.out,
        volumes=config.volumes,
    )
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB; card beside it")
    print(f"try it: mien field landmarks FIELD --networks {path}")
    return 0


def _required(path: Path | None, option: str) -> Path:
    if path is None:
        raise InputError(f"this stage needs {option}", source="mien train field-landmarks")
    return path
