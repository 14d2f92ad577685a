"""The training of a finished landmark network as a whole: exactly resumable."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from mien.datasets.crops.batches import CropBatch, CropDataset
from mien.datasets.crops.config import CropDataConfig
from mien.datasets.crops.feeder import FeederConfig, feed
from mien.datasets.crops.layout import LandmarkLayout
from mien.heads.landmark_sets import opening_pairs
from mien.heads.library import load_head
from mien.landmarks.networks import find_network
from mien.landmarks.predictor import LandmarkPredictor
from mien.learning import checkpoints
from mien.learning.cards import read_manifests
from mien.learning.checkpoints import CHECKPOINT_NAME, Checkpoint
from mien.learning.devices import bfloat16, choose_device
from mien.learning.flat_settings import flat_settings
from mien.learning.learner import Learner
from mien.learning.schedule import CosineSchedule
from mien.learning.trainer import network_trainer, start_network_training
from mien.learning.training import Training, TrainingState
from mien.progress import ProgressReport, silent
from mien.reading.damage import damage_named
from mien.training.landmarks.identity_validation import KnownPeople, identity_figures, known_people
from mien.training.landmarks.losses import presence_loss
from mien.training.landmarks.losses.edges import vertex_edge_loss
from mien.training.landmarks.networks import LandmarkOutput
from mien.training.landmarks.validation import evaluate, validation_batches
from mien.training.read_out.losses import shape_loss, weighted_gaussian
from mien.training.tuning.config import TuneConfig
from mien.training.tuning.onnx_network import OnnxNetwork

KIND = "tuned-landmarks"
_BRIGHTNESS, _CHANNEL = 0.12, 0.04
"""Deviations of a factor for whole crops and for each of their channels."""


def tune_landmarks(
    config: TuneConfig,
    *,
    out: str | Path,
    resume: bool = False,
    feeder: FeederConfig | None = None,
    layout: LandmarkLayout | None = None,
    report: ProgressReport = silent,
) -> Checkpoint:
    """Train on; returns the last checkpoint, also in `out`/checkpoint.pt. `out`/log.jsonl grows.

    An interruption (Ctrl-C) saves a checkpoint, then raises KeyboardInterrupt.

    Args:
        feeder: how batches are made.
        layout: of the network's landmark set; left out, it is found by the set's name.

    Raises:
        InputError: no such network or one that cannot be trained, no data, no checkpoint to resume, or the
            loss is no longer finite.
    """
    folder = start_network_training(config.training, out, resume=resume)
    file = find_network(config.network)
    shown = LandmarkPredictor(file)
    crops = CropDataConfig(**asdict(config.crops), set=shown.set_name, size=shown.input_size)
    dataset = CropDataset.of(crops, seed=config.training.seed, layout=layout)
    network = OnnxNetwork(file)
    training = TuneTraining(config, dataset, network, start={"name": file.stem, "card": shown.card.values})
    trainer = network_trainer(training, config.training, folder=folder, report=report)
    if resume:
        trainer.resume(read_checkpoint(folder / CHECKPOINT_NAME))
    with closing(feed(dataset, feeder or FeederConfig(), first_step=trainer.step)) as batches:
        trainer.run(batches)
    return trainer.checkpoint()


class TuneTraining(Training[CropBatch]):
    """All weights of a network, its loss and its validation."""

    kind: ClassVar[str] = KIND

    def __init__(
        self, config: TuneConfig, dataset: CropDataset, network: OnnxNetwork, *, start: Mapping[str, Any]
    ) -> None:
        self._device = choose_device(config.training.device)
        self.config, self.dataset, self.network = config, dataset, network.to(self._device)
        self.batch_size = config.crops.batch
        self._start = dict(start)
        layout = dataset.layout
        self._weights = torch.as_tensor(layout.weights, dtype=torch.float32, device=self._device)
        self._openings: Tensor | None = None
        if config.loss.opening_weight:
            self._openings = torch.from_numpy(opening_pairs(load_head(), layout.set_name)).to(self._device)
        self._face = torch.from_numpy(np.flatnonzero(layout.face)).to(self._device)
        settings, rate = config.training, config.training.learning_rate
        assert rate != "auto", "only new networks have a range test"
        groups = [
            {"params": parameters, "lr": rate * share, "weight_decay": settings.weight_decay}
            for parameters, share in (
                (network.read_out_parameters(), 1.0),
                (network.encoder_parameters(), config.encoder_rate),
            )
            if parameters
        ]
        self.learner = Learner(
            network,
            lambda: copy.copy(groups),
            average_decay=settings.average_decay,
            largest_gradient=settings.largest_gradient,
        )
        self.schedule = CosineSchedule(settings)
        self._step = 0
        self._held_out: dict[str, CropBatch] | None = None
        self._known: KnownPeople | None = None

    def prepare(self, step: int, elapsed_s: float) -> None:
        self._step = step

    def losses(self, batch: CropBatch) -> dict[str, Tensor]:
        loss = self.config.loss
        image, labels, presence = self._shown(batch)
        with bfloat16(self._device, enabled=self.config.training.half_precision):
            output: LandmarkOutput = self.network(image)
        likelihood = weighted_gaussian(output, labels, presence, weights=self._weights, beta=loss.beta)
        shape = shape_loss(
            output.points[:, self._face], labels[:, self._face], presence, weights=self._weights[self._face]
        )
        total = likelihood + loss.shape_weight * shape
        if self._openings is not None:
            gaps = vertex_edge_loss(output.points, labels, presence, edges=self._openings)
            total = total + loss.opening_weight * gaps
        there = presence_loss(output.presence, presence)
        return {"loss": total + loss.presence_weight * there, "shape": shape}

    def _shown(self, batch: CropBatch) -> tuple[Tensor, Tensor, Tensor]:
        """Crops, labels and presence where the network is, each crop a little brighter or darker."""
        rng = np.random.default_rng((self.config.training.seed, self._step, 1))
        count = len(batch)
        factors = np.exp(_BRIGHTNESS * rng.normal(size=(count, 1)) + _CHANNEL * rng.normal(size=(count, 3)))
        gain = torch.from_numpy((factors / 255).astype(np.float32)).to(self._device)
        crops = torch.from_numpy(batch.crops).to(self._device).permute(0, 3, 1, 2)
        image = (crops.float() * gain[:, :, None, None]).clamp_(max=1).contiguous()
        labels = torch.from_numpy(batch.points).to(self._device)
        return image, labels, torch.from_numpy(batch.presence).to(self._device)

    def validate(self) -> dict[str, dict[str, float]]:
        if self._held_out is None:
            self._held_out = validation_batches(self.dataset)
            self._known = known_people(self.dataset) if self._held_out else None
        assert self.learner.average is not None
        network = self.learner.average.network
        figures = {
            name: asdict(evaluate(network, batch, self.dataset.layout.face, device=self._device))
            for name, batch in self._held_out.items()
        }
        if self._known is not None:
            figures |= identity_figures(network, self._known, device=self._device)
        return figures

    def state(self) -> TrainingState:
        return TrainingState(
            settings=flat_settings(self.config),
            plain={
                "start": self._start,
                "weight_names": self.network.weight_names,
                "pictures": read_manifests(self.dataset.config.data),
            },
        )

    def load_state(self, checkpoint: Checkpoint) -> None:
        with damage_named(checkpoint.source, "is of another network; tune anew"):
            if checkpoint.plain["weight_names"] != self.network.weight_names:
                raise ValueError("other weights")


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint; no code in the file is executed.

    Raises:
        InputError: see `mien.learning.checkpoints.read_checkpoint`.
    """
    return checkpoints.read_checkpoint(path, kind=KIND, command="mien train tune")
