"""The training of both stages: Wing loss (FLNeRF, eq. 4) on volumes, resumable, with a log of figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mien.errors import InputError
from mien.heads.library import load_head
from mien.landmarks_in_fields.boxes import WHOLE_OVER_RADIUS, BoxSizes
from mien.landmarks_in_fields.network import FieldLandmarkNetwork, FieldNetworkConfig, NetworkOutput, wing_of
from mien.landmarks_in_fields.wing import millimetres_of_wing
from mien.learning.threads import fitting_threads
from mien.learning.trainer import TrainingConfig, TrainingProgress, TrainingRun, start_folder
from mien.synthetic.volumes.shape_models import shape_model
from mien.training.landmarks_in_fields.batches import BatchMaker, BoxBatch
from mien.training.landmarks_in_fields.box_sampling import TYPICAL_RADIUS_M
from mien.training.landmarks_in_fields.checkpoints import FieldLandmarkCheckpoint, load_checkpoint
from mien.training.landmarks_in_fields.volume_sampler import ORIGINS, VolumeSampler

HEAD_WEIGHT = 0.2
"""Of the cross entropy of "a head is here" beside the Wing loss."""
OPINION_WEIGHT = 0.3
"""Of the Wing loss of each of the opinions that the landmarks are weighed from."""
SPREAD_WEIGHT = 0.01
"""Of the likelihood of the errors: small, so that its gradients do not count when all are clipped."""
WARPED = {"all": 0.25, "basic": 0.0, "warped": 0.7}
"""Share of the samples that are warped to another expression, by `VolumePlan.expressions`."""
VALIDATION_BATCHES, VALIDATION_SAMPLES = 4, 16
TYPICAL_CENTRE_M = (0.0, 0.0, 0.01)


@dataclass(frozen=True)
class FieldLandmarkTrainingConfig(TrainingConfig):
    """How a network is trained."""

    learning_rate: float = 1e-3
    """Peak learning rate; as the paper's first."""
    final_rate: float = 0.008
    """Learning rate at the end over the peak: the paper's 8e-6 over 1e-3."""
    weight_decay: float = 0.01
    """Weight decay of AdamW."""
    half_precision: bool = False
    """Compute in bfloat16: no quicker with volumes this small."""
    threads: int | None = 1
    """Torch's CPU threads."""
    checkpoint_minutes: float = 2.0
    """Minutes between checkpoints and validations; new volumes are taken in then."""
    log_steps: int = 50
    """Steps between lines of the log."""


@dataclass(frozen=True)
class VolumePlan:
    """What is trained, and on what."""

    network: FieldNetworkConfig
    """The network."""
    volumes: tuple[Path, ...]
    """Folders of volumes."""
    coarse: Path | None = None
    """Fine: checkpoint of the coarse network at whose predictions half of the boxes are cut."""
    expressions: Literal["all", "basic", "warped"] = "all"
    """Volumes of every expression, some warped to others; of the 20 basic ones as they are; or many of these
    warped by thin-plate splines."""
    batch: int = 16
    """Samples in a step (the paper: 32)."""
    fresh: float = 0.25
    """Share of each batch that is cut anew from the volumes; the rest is used again."""
    seed: int = 0
    """Of weights and batches."""


def new_network(config: FieldNetworkConfig) -> FieldLandmarkNetwork:
    """A network whose pose starts as usual for its stage."""
    head = load_head()
    points_m = head.mean_m[head.landmark_set("ict68").vertices]
    if config.stage == "coarse":
        half_m = WHOLE_OVER_RADIUS * TYPICAL_RADIUS_M
        centre_m = np.array(TYPICAL_CENTRE_M)
    else:
        half_m = 0.5 * BoxSizes().face * float(np.linalg.norm(points_m[36] - points_m[45]))
        centre_m = points_m.mean(axis=0)
    x, y, z = (-centre_m / half_m).tolist()
    return FieldLandmarkNetwork(
        config, shape_model(config.shape), usual_scale=0.1 / half_m, usual_shift=(x, y, z)
    )


def mean_wing(landmarks: Tensor, batch: BoxBatch) -> Tensor:
    """Mean Wing loss of the samples that show a head; (B, 68, 3) in the first box's coordinates."""
    half = batch.half_side_m[:, None, None]
    wing = wing_of(landmarks * half, batch.landmarks * half)
    return (wing * batch.is_head).sum() / batch.is_head.sum().clamp(min=1)


def spread_loss(output: NetworkOutput, batch: BoxBatch) -> Tensor:
    """Negative log-likelihood of the errors under the standard deviations told, mean over landmarks of heads.

    Gradients reach the standard deviations alone.
    """
    if output.sigma is None:
        return torch.zeros(())
    squared = (output.landmarks.detach() - batch.landmarks).square().sum(dim=-1)
    each = 3 * output.sigma.log() + squared / (2 * output.sigma.square())
    return (each.mean(dim=1) * batch.is_head).sum() / batch.is_head.sum().clamp(min=1)


def train_landmark_network(
    plan: VolumePlan,
    options: FieldLandmarkTrainingConfig,
    *,
    out: str | Path,
    resume: bool = False,
    start_from: str | Path | None = None,
    report: Callable[[TrainingProgress], None] | None = None,
) -> FieldLandmarkCheckpoint:
    """Train one stage's network; its last checkpoint is returned and lies in `out`, beside log.jsonl.

    An interruption (Ctrl-C) saves a checkpoint, then raises KeyboardInterrupt.

    Args:
        plan: network and data.
        options: settings; on resuming they may differ from the first part's.
        out: folder for checkpoint and log.
        resume: go on from `out`/checkpoint.pt.
        start_from: begin with the weights of another training's checkpoint; its network may have been without
            heatmaps.
        report: called at every line of the log.

    Raises:
        InputError: no volumes, no checkpoint to resume, a checkpoint of another network, or the loss is no
            longer finite.
    """
    path = start_folder(out, resume=resume)
    torch.set_num_threads(options.threads or fitting_threads(used=0))
    torch.manual_seed(plan.seed)
    run = _FieldLandmarkRun(plan, options, path.parent)
    run.begin(new_network(plan.network))
    if resume:
        checkpoint = _checkpoint_of(path, plan.network)
        run.restore(checkpoint)
        run.earlier_steps = checkpoint.training["earlier_steps"]
    elif start_from is not None:
        checkpoint = _checkpoint_of(Path(start_from), plan.network, may_lack_heatmaps=True)
        # What the checkpoint's network has no weights for stays as new
        run.network.load_state_dict(checkpoint.averaged_network().state_dict(), strict=False)
        run.begin(run.network)
        run.earlier_steps = checkpoint.training["earlier_steps"] + checkpoint.step
    run.train(run.batches(), report)
    return run.checkpoint()


def _checkpoint_of(
    path: Path, network: FieldNetworkConfig, *, may_lack_heatmaps: bool = False
) -> FieldLandmarkCheckpoint:
    checkpoint = load_checkpoint(path)
    allowed = [network, replace(network, local=False)] if may_lack_heatmaps else [network]
    if checkpoint.network_config not in allowed:
        raise InputError(f"holds another network: {checkpoint.network_config}", source=path)
    return checkpoint


class _FieldLandmarkRun(TrainingRun[BoxBatch]):
    """State of one training.

    Attributes:
        earlier_steps: of the trainings that this one began from.
    """

    options: FieldLandmarkTrainingConfig
    network: FieldLandmarkNetwork
    memory_format: ClassVar[torch.memory_format] = (
        torch.preserve_format
    )  # the encoders order their channels themselves

    def __init__(self, plan: VolumePlan, options: FieldLandmarkTrainingConfig, out: Path) -> None:
        super().__init__(options, out)
        self.plan = plan
        self.earlier_steps = 0
        kinds = None if plan.expressions == "all" else ("basic",)
        levels = VolumeSampler.levels_of(plan.network.stage)
        self._pool = VolumeSampler(plan.volumes, kinds=kinds, levels=levels)
        held_out = VolumeSampler(plan.volumes, validation=True, levels=levels)
        coarse = None if plan.coarse is None else load_checkpoint(plan.coarse).averaged_network()
        network = plan.network
        self._maker = BatchMaker(
            self._pool,
            stage=network.stage,
            size=network.size,
            boxes=network.boxes,
            warp=WARPED[plan.expressions],
            fresh=plan.fresh,
            coarse=coarse,
        )
        self._held_out: dict[str, list[BoxBatch]] = {}
        for origin in ORIGINS:
            chosen = held_out.of_origin(origin)
            if chosen.volumes:
                maker = BatchMaker(
                    chosen, stage=network.stage, size=network.size, boxes=network.boxes, augment=False
                )
                self._held_out[origin] = [
                    maker.draw(VALIDATION_SAMPLES, 900_000 + i) for i in range(VALIDATION_BATCHES)
                ]

    def batches(self) -> Iterator[BoxBatch]:
        """A batch for each step, by seed and step."""
        while True:
            yield self._maker.draw(self.plan.batch, self.plan.seed * 10_000_000 + self.step)

    def losses(self, batch: BoxBatch) -> dict[str, Tensor]:
        with torch.autocast("cpu", torch.bfloat16, enabled=self.options.half_precision):
            output: NetworkOutput = self.network(batch.volumes, batch.places)
        wing = mean_wing(output.landmarks, batch)
        each = sum((mean_wing(one, batch) for one in output.opinions), torch.zeros(()))
        presence = functional.binary_cross_entropy_with_logits(output.head_logit, batch.is_head)
        spread = spread_loss(output, batch)
        loss = wing + OPINION_WEIGHT * each + HEAD_WEIGHT * presence + SPREAD_WEIGHT * spread
        return {"loss": loss, "wing_x10": 10 * wing, "presence": presence} | (
            {} if output.sigma is None else {"spread": spread}
        )

    def validate(self) -> dict[str, dict[str, float]]:
        self._pool.refresh()
        figures = {}
        with torch.no_grad():
            for origin, held_out in self._held_out.items():
                values = [
                    float(mean_wing(self.average.network(batch.volumes, batch.places).landmarks, batch))
                    for batch in held_out
                ]
                wing = float(np.mean(values))
                figures[origin] = {"wing_x10": 10 * wing, "mm": millimetres_of_wing(wing)}
        return figures

    def checkpoint(self) -> FieldLandmarkCheckpoint:
        plan = self.plan
        return FieldLandmarkCheckpoint(
            **self.state(),
            network_config=plan.network,
            description=self.network.description(),
            training=asdict(self.options)
            | {"expressions": plan.expressions, "batch": plan.batch, "fresh": plan.fresh, "seed": plan.seed}
            | {"volumes": self._pool.counts(), "earlier_steps": self.earlier_steps},
        )
