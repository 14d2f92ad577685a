"""The training of both stages: Wing loss (FLNeRF, eq. 4) on volumes, resumable, with a log of figures."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mien.errors import InputError
from mien.heads.library import load_head
from mien.landmarks_in_fields.boxes import WHOLE_OVER_RADIUS, BoxSizes
from mien.landmarks_in_fields.config import FieldNetworkConfig, FineNetworkConfig
from mien.landmarks_in_fields.network import FieldLandmarkNetwork, NetworkOutput, wing_of
from mien.landmarks_in_fields.wing import millimetres_of_wing
from mien.learning.checkpoints import CHECKPOINT_NAME, Checkpoint
from mien.learning.devices import bfloat16, choose_device
from mien.learning.flat_settings import flat_settings
from mien.learning.learner import network_learner
from mien.learning.learning_rate_test import TEST_BATCHES, with_earlier_rate, with_learning_rate
from mien.learning.schedule import CosineSchedule
from mien.learning.trainer import network_trainer, start_network_training
from mien.learning.training import Training, TrainingState
from mien.progress import ProgressReport, silent
from mien.synthetic.volumes.shape_models import shape_model
from mien.training.landmarks_in_fields.batches import BatchMaker, BoxBatch
from mien.training.landmarks_in_fields.box_sampling import TYPICAL_RADIUS_M
from mien.training.landmarks_in_fields.checkpoints import (
    KIND,
    network_config,
    plain_part,
    read_checkpoint,
)
from mien.training.landmarks_in_fields.config import CoarseTrainingConfig, FineTrainingConfig
from mien.training.landmarks_in_fields.trained_network import trained_network
from mien.training.landmarks_in_fields.volume_sampler import ORIGINS, VolumeSampler

HEAD_WEIGHT = 0.2
"""Of the cross entropy of "a head is here" beside the Wing loss."""
OPINION_WEIGHT = 0.3
"""Of the Wing loss of each of the opinions that the landmarks are weighed from."""
SPREAD_WEIGHT = 0.01
"""Of the likelihood of the errors: small, so that its gradients do not count when all are clipped."""
WARPED = {"all": 0.25, "basic": 0.0, "warped": 0.7}
"""Share of the samples that are warped to another expression, by `VolumeDataConfig.expressions`."""
VALIDATION_BATCHES, VALIDATION_SAMPLES = 4, 16
TYPICAL_CENTRE_M = (0.0, 0.0, 0.01)


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
    """Negative log-likelihood of the errors under the predicted standard deviations, mean over landmarks of
    heads.

    Gradients reach the standard deviations alone.
    """
    if output.sigma is None:
        return output.landmarks.new_zeros(())
    squared = (output.landmarks.detach() - batch.landmarks).square().sum(dim=-1)
    each = 3 * output.sigma.log() + squared / (2 * output.sigma.square())
    return (each.mean(dim=1) * batch.is_head).sum() / batch.is_head.sum().clamp(min=1)


def train_field_landmarks(
    config: CoarseTrainingConfig,
    *,
    out: str | Path,
    resume: bool = False,
    report: ProgressReport = silent,
) -> Checkpoint:
    """Train one stage's network; its last checkpoint is returned and lies in `out`, beside log.jsonl.

    An interruption (Ctrl-C) saves a checkpoint, then raises KeyboardInterrupt.

    Args:
        config: data, architecture, settings; a `FineTrainingConfig` trains the fine network.
        out: folder for checkpoint and log.
        resume: go on from `out`/checkpoint.pt.
        report: see `Trainer`.

    Raises:
        InputError: no volumes, no checkpoint to resume, a checkpoint of another network, or the loss is no
            longer finite.
    """
    folder = start_network_training(config.training, out, resume=resume)
    coarse = None
    if isinstance(config, FineTrainingConfig) and config.coarse is not None:
        coarse = trained_network(config.coarse, "coarse").network
    samples = VolumeSamples(config, coarse)
    network, earlier_steps, checkpoint = new_network(config.network), 0, None
    if resume:
        checkpoint = _checkpoint_of(folder / CHECKPOINT_NAME, config.network)
        earlier_steps = checkpoint.plain["earlier_steps"]
        config = replace(config, training=with_earlier_rate(config.training, checkpoint))
    elif config.start_from is not None:
        start = trained_network(config.start_from, config.network.stage)
        _check_same(start.network.config, config.network, start.source, may_lack_heatmaps=True)
        # What the other network has no weights for stays as new
        network.load_state_dict(start.network.state_dict(), strict=False)
        earlier_steps = start.steps
    settings = with_learning_rate(
        config.training,
        folder=folder,
        trial=lambda training: FieldLandmarkTraining(
            replace(config, training=training), samples, copy.deepcopy(network)
        ),
        batches=lambda: list(
            itertools.islice(samples.batches(first_step=0, seed=config.training.seed + 1), TEST_BATCHES)
        ),
    )
    config = replace(config, training=settings)
    training = FieldLandmarkTraining(config, samples, network, earlier_steps=earlier_steps)
    trainer = network_trainer(training, config.training, folder=folder, report=report)
    if checkpoint is not None:
        trainer.resume(checkpoint)
    trainer.run(samples.batches(first_step=trainer.step, seed=config.training.seed))
    return trainer.checkpoint()


def _checkpoint_of(path: Path, network: FieldNetworkConfig) -> Checkpoint:
    checkpoint = read_checkpoint(path)
    _check_same(network_config(checkpoint), network, path)
    return checkpoint


def _check_same(
    there: FieldNetworkConfig, wanted: FieldNetworkConfig, source: Path, *, may_lack_heatmaps: bool = False
) -> None:
    allowed = [wanted]
    if may_lack_heatmaps and isinstance(wanted, FineNetworkConfig):
        allowed.append(replace(wanted, local=False))
    if there not in allowed:
        raise InputError(f"holds another network: {there}", source=source)


class VolumeSamples:
    """Training and validation batches of one stage.

    Args:
        coarse: of the fine stage, see `BatchMaker`.

    Raises:
        InputError: there are no volumes.
    """

    def __init__(self, config: CoarseTrainingConfig, coarse: FieldLandmarkNetwork | None) -> None:
        network, data = config.network, config.samples
        boxes = network.boxes if isinstance(network, FineNetworkConfig) else 1
        levels = VolumeSampler.levels_of(network.stage)
        self._batch = data.batch
        self._volumes = VolumeSampler(
            data.volumes, kinds=None if data.expressions == "all" else ("basic",), levels=levels
        )
        self._maker = BatchMaker(
            self._volumes,
            stage=network.stage,
            size=network.size,
            boxes=boxes,
            warp=WARPED[data.expressions],
            fresh=data.fresh,
            coarse=coarse,
        )
        self.held_out: dict[str, list[BoxBatch]] = {}
        held_out = VolumeSampler(data.volumes, validation=True, levels=levels)
        for origin in ORIGINS:
            chosen = held_out.of_origin(origin)
            if chosen.volumes:
                maker = BatchMaker(chosen, stage=network.stage, size=network.size, boxes=boxes, augment=False)
                self.held_out[origin] = [
                    maker.draw(VALIDATION_SAMPLES, 900_000 + i) for i in range(VALIDATION_BATCHES)
                ]

    def batches(self, *, first_step: int, seed: int) -> Iterator[BoxBatch]:
        """A batch for each step, by seed and step."""
        for step in itertools.count(first_step):
            yield self._maker.draw(self._batch, seed * 10_000_000 + step)

    def refresh(self) -> None:
        """Take in volumes that were written since."""
        self._volumes.refresh()

    def counts(self) -> dict[str, int]:
        """Volumes by origin."""
        return self._volumes.counts()


class FieldLandmarkTraining(Training[BoxBatch]):
    """A coarse or a fine network, its losses and its validation.

    Args:
        earlier_steps: of the trainings that this one began from.
    """

    kind: ClassVar[str] = KIND

    def __init__(
        self,
        config: CoarseTrainingConfig,
        samples: VolumeSamples,
        network: FieldLandmarkNetwork,
        *,
        earlier_steps: int = 0,
    ) -> None:
        self.config, self.samples, self.earlier_steps = config, samples, earlier_steps
        self.batch_size = config.samples.batch
        self._device = choose_device(config.training.device)
        self.network = network.to(self._device)
        self.learner = network_learner(self.network, config.training)
        self.schedule = CosineSchedule(config.training)
        self._count = 0

    def losses(self, batch: BoxBatch) -> dict[str, Tensor]:
        self._count = batch.store_size
        batch = batch.to(self._device)
        with bfloat16(self._device, enabled=self.config.training.half_precision):
            output: NetworkOutput = self.network(batch.volumes, batch.places)
        wing = mean_wing(output.landmarks, batch)
        each = sum((mean_wing(one, batch) for one in output.opinions), wing.new_zeros(()))
        presence = functional.binary_cross_entropy_with_logits(output.head_logit, batch.is_head)
        spread = spread_loss(output, batch)
        loss = wing + OPINION_WEIGHT * each + HEAD_WEIGHT * presence + SPREAD_WEIGHT * spread
        return {"loss": loss, "wing_x10": 10 * wing, "presence": presence} | (
            {} if output.sigma is None else {"spread": spread}
        )

    def facts(self, losses: Mapping[str, float]) -> dict[str, float]:
        return {"volumes": self._count}

    @torch.no_grad()
    def validate(self) -> dict[str, dict[str, float]]:
        self.samples.refresh()
        assert self.learner.average is not None
        network, figures = self.learner.average.network, {}
        for origin, held_out in self.samples.held_out.items():
            values = []
            for batch in (one.to(self._device) for one in held_out):
                values.append(float(mean_wing(network(batch.volumes, batch.places).landmarks, batch)))
            wing = float(np.mean(values))
            figures[origin] = {"wing_x10": 10 * wing, "mm": millimetres_of_wing(wing)}
        return figures

    def state(self) -> TrainingState:
        settings = {
            **flat_settings(self.config),
            "volumes": self.samples.counts(),
            "earlier_steps": self.earlier_steps,
        }
        return TrainingState(settings, plain_part(self.network, earlier_steps=self.earlier_steps))
