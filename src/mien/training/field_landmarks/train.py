"""The training loop of both stages: Wing loss (FLNeRF, eq. 4), Adam, a rate that decays over what time there
is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch.nn import functional

from mien.errors import InputError
from mien.field_landmarks.boxes import WHOLE_OVER_RADIUS, BoxSizes
from mien.field_landmarks.network import LandmarkNetwork, NetworkConfig, wing_of
from mien.field_landmarks.wing import UNIT_M
from mien.heads.library import load_head
from mien.training.checkpoint_files import read_checkpoint_file, write_checkpoint_file
from mien.training.field_landmarks.batches import Batch, BatchMaker, Pool
from mien.training.field_landmarks.shape_models import shape_model

CHECKPOINT_FORMAT = 1
COMMAND = "mien train field-landmarks"
HEAD_WEIGHT = 0.1
"""Of the cross entropy of "a head is here" beside the Wing loss."""
SAVE_EVERY_S = 120.0
TYPICAL_RADIUS_M = 0.098
"""Root mean square radius of a solid head: a start for the coarse pose."""
TYPICAL_CENTRE_M = (0.0, 0.0, 0.01)


@dataclass(frozen=True)
class LandmarkTraining:
    """One training of a field landmark network."""

    network: NetworkConfig
    """What is trained."""
    volumes: Path
    """Folder of analytic volumes."""
    out: Path
    """Folder for the checkpoint."""
    coarse: Path | None = None
    """Fine: checkpoint of the coarse network at whose predictions half of the boxes are cut."""
    expressions: Literal["all", "basic", "warped"] = "all"
    """Volumes of every expression; of the 20 basic ones; or these warped to the 110 by thin-plate splines."""
    max_minutes: float = 60.0
    """Wall time of this and earlier runs of the same training together; the rate decays over it."""
    max_steps: int = 1_000_000
    """Steps at most; the rate decays over them if they end sooner."""
    batch: int = 16
    """Samples in a step (the paper: 32)."""
    fresh: float = 0.25
    """Share of each batch that is cut anew from the volumes; the rest is used again."""
    rate: float = 1e-3
    """First learning rate."""
    last_rate: float = 8e-6
    """Last learning rate."""
    threads: int = 1
    """Threads."""
    seed: int = 0
    """Of weights and batches."""


@dataclass(frozen=True)
class TrainingReport:
    """Where a training stands.

    Attributes:
        step: steps so far; seconds: so far; wing: smoothed training loss; validation_wing: of the analytic
            validation volumes, if measured.
    """

    step: int
    seconds: float
    wing: float
    validation_wing: float = float("nan")


def new_network(config: NetworkConfig) -> LandmarkNetwork:
    """A network whose pose starts as usual for its stage."""
    head = load_head()
    points_m = head.mean_m[head.landmark_set("ibug68").vertices]
    if config.stage == "coarse":
        half_m = WHOLE_OVER_RADIUS * TYPICAL_RADIUS_M
        centre_m = np.array(TYPICAL_CENTRE_M)
    else:
        half_m = 0.5 * BoxSizes().face * float(np.linalg.norm(points_m[36] - points_m[45]))
        centre_m = points_m.mean(axis=0)
    x, y, z = (-centre_m / half_m).tolist()
    return LandmarkNetwork(config, shape_model(config.shape), usual_scale=0.1 / half_m, usual_shift=(x, y, z))


def batch_loss(network: LandmarkNetwork, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Loss to descend, and mean Wing loss of the samples with a head."""
    output = network(batch.volumes)
    half = batch.half_side_m[:, None, None]
    wing = wing_of(output.landmarks * half, batch.landmarks * half)
    heads = batch.is_head
    mean_wing = (wing * heads).sum() / heads.sum().clamp(min=1)
    presence = functional.binary_cross_entropy_with_logits(output.head_logit, heads)
    return mean_wing + HEAD_WEIGHT * presence, mean_wing.detach()


def train_landmark_network(
    config: LandmarkTraining, *, report: Callable[[TrainingReport], None] = lambda _: None
) -> Path:
    """Train, or go on from the checkpoint in `out`; returns the checkpoint.

    Raises:
        InputError: there are no volumes, or the checkpoint belongs to another training.
    """
    torch.set_num_threads(config.threads)
    kinds = None if config.expressions == "all" else ("basic",)
    pool = Pool(config.volumes, kinds=kinds)
    held_out = Pool(config.volumes, validation=True)
    common = {"stage": config.network.stage, "size": config.network.size, "boxes": config.network.boxes}
    warp = 0.7 if config.expressions == "warped" else 0.0
    coarse = None if config.coarse is None else read_trained(config.coarse)[0]
    maker = BatchMaker(pool, warp=warp, fresh=config.fresh, coarse=coarse, **common)
    validation = [BatchMaker(held_out, augment=False, **common).draw(16, 900_000 + i) for i in range(4)]
    torch.manual_seed(config.seed)
    network = new_network(config.network)
    optimiser = torch.optim.Adam(network.parameters(), lr=config.rate)
    path, step, before = config.out / "checkpoint.pt", 0, 0.0
    if path.exists():
        step, before = _resume(path, config, network, optimiser)
    network.train()
    start = saved = time.perf_counter()
    smoothed = float("nan")
    while True:
        seconds = before + time.perf_counter() - start
        done = max(seconds / (60 * config.max_minutes), step / config.max_steps)
        if done >= 1:
            break
        # A short warm-up, then exponential decay (the paper names first and last rate only)
        rate = config.rate * (config.last_rate / config.rate) ** done * min(1.0, (step + 1) / 100)
        for group in optimiser.param_groups:
            group["lr"] = rate
        batch = maker.draw(config.batch, config.seed * 10_000_000 + step)
        loss, wing = batch_loss(network, batch)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        step += 1
        value = float(wing)
        smoothed = value if np.isnan(smoothed) else 0.98 * smoothed + 0.02 * value
        if step % 50 == 0:
            report(TrainingReport(step, seconds, smoothed))
        if time.perf_counter() - saved > SAVE_EVERY_S:
            saved = time.perf_counter()
            figures = _Figures(step, seconds, validate(network, validation), len(pool.volumes))
            _save(path, config, network, optimiser, figures)
            report(TrainingReport(step, seconds, smoothed, figures.validation_wing))
            pool.refresh()
    figures = _Figures(
        step, before + time.perf_counter() - start, validate(network, validation), len(pool.volumes)
    )
    _save(path, config, network, optimiser, figures)
    report(TrainingReport(step, figures.seconds, smoothed, figures.validation_wing))
    return path


def validate(network: LandmarkNetwork, batches: list[Batch]) -> float:
    """Mean Wing loss of heads."""
    network.eval()
    with torch.no_grad():
        values = [float(batch_loss(network, batch)[1]) for batch in batches]
    network.train()
    return float(np.mean(values))


@dataclass(frozen=True)
class _Figures:
    step: int
    seconds: float
    validation_wing: float
    volumes: int


def _facts(config: LandmarkTraining) -> dict[str, Any]:
    return {"network": asdict(config.network), "expressions": config.expressions, "seed": config.seed}


def _save(
    path: Path,
    config: LandmarkTraining,
    network: LandmarkNetwork,
    optimiser: torch.optim.Optimizer,
    figures: _Figures,
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = _facts(config) | {
        **asdict(figures),
        "batch": config.batch,
        "unit_m": UNIT_M,
        "description": network.description(),
    }
    tensors = {"network": network.state_dict(), "optimiser": optimiser.state_dict()}
    write_checkpoint_file(path, tensors=tensors, plain=plain, format_version=CHECKPOINT_FORMAT)


def _resume(
    path: Path, config: LandmarkTraining, network: LandmarkNetwork, optimiser: torch.optim.Optimizer
) -> tuple[int, float]:
    tensors, plain = read_checkpoint_file(path, command=COMMAND, format_version=CHECKPOINT_FORMAT)
    if {name: plain.get(name) for name in _facts(config)} != _facts(config):
        raise InputError("belongs to a training with other settings; choose another --out", source=path)
    network.load_state_dict(tensors["network"])
    optimiser.load_state_dict(tensors["optimiser"])
    return int(plain["step"]), float(plain["seconds"])


def read_trained(path: Path) -> tuple[LandmarkNetwork, dict[str, Any]]:
    """A network from its checkpoint, and the checkpoint's facts.

    Raises:
        InputError: it is no checkpoint of this training.
    """
    tensors, plain = read_checkpoint_file(path, command=COMMAND, format_version=CHECKPOINT_FORMAT)
    network = LandmarkNetwork.from_description(plain["description"])
    network.load_state_dict(tensors["network"])
    return network.eval(), plain


def with_encoder(config: LandmarkTraining, **changes: Any) -> LandmarkTraining:
    """The same training of another network."""
    return replace(config, network=replace(config.network, **changes))
