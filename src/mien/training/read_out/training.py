"""The training of a read-out: exactly resumable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from mien.datasets.crops.layout import LandmarkLayout, load_layout
from mien.datasets.encoded_crops import EncodedCrops, batches_of, read_encoded, read_manifest
from mien.errors import InputError
from mien.heads.landmark_sets import opening_pairs
from mien.heads.library import load_head
from mien.learning import checkpoints
from mien.learning.checkpoints import CHECKPOINT_NAME, Checkpoint
from mien.learning.flat_settings import flat_settings
from mien.learning.learner import network_learner
from mien.learning.schedule import CosineSchedule
from mien.learning.trainer import network_trainer, start_network_training
from mien.learning.training import Training, TrainingState
from mien.progress import ProgressReport, silent
from mien.training.landmarks.losses import presence_loss
from mien.training.landmarks.losses.edges import vertex_edge_loss
from mien.training.read_out.config import ReadOutTrainingConfig, SizedReadOutConfig
from mien.training.read_out.losses import shape_loss, weighted_gaussian
from mien.training.read_out.network import ReadOut
from mien.training.read_out.standardisation import standardise
from mien.training.read_out.validation import evaluate

KIND = "read-out"


def train_read_out(
    config: ReadOutTrainingConfig,
    *,
    out: str | Path,
    resume: bool = False,
    report: ProgressReport = silent,
) -> Checkpoint:
    """Train a read-out; returns its last checkpoint, also in `out`/checkpoint.pt. `out`/log.jsonl grows.

    An interruption (Ctrl-C) saves a checkpoint, then raises KeyboardInterrupt.

    Raises:
        InputError: no data, no checkpoint to resume, or the loss is no longer finite.
    """
    folder = start_network_training(config.training, out, resume=resume)
    manifest = read_manifest(config.data[0])
    for other in config.data[1:]:
        if read_manifest(other)["encoders"] != manifest["encoders"]:
            raise InputError(f"was made by other encoders than {config.data[0]}", source=other)
    layout = load_layout(config.set, shard_set=manifest["set_name"])
    crops = read_encoded(config.data, part="train", indices=layout.shard_indices)
    held_out = read_encoded(config.data, part="validation", indices=layout.shard_indices)
    if resume:
        checkpoint = read_checkpoint(folder / CHECKPOINT_NAME)
        network = ReadOut(network_config(checkpoint))
        training = ReadOutTraining(config, layout, manifest, network, held_out)
        trainer = network_trainer(training, config.training, folder=folder, report=report)
        trainer.resume(checkpoint)
    else:
        sized = SizedReadOutConfig(
            **asdict(config.network),
            landmarks=len(layout),
            points=manifest["points"],
            first_points=manifest["first_points"],
            features=manifest["features"],
        )
        network = ReadOut(sized)
        standardise(network, crops)
        training = ReadOutTraining(config, layout, manifest, network, held_out)
        trainer = network_trainer(training, config.training, folder=folder, report=report)
    trainer.run(batches_of(crops, batch=config.batch, seed=config.training.seed, first_step=trainer.step))
    return trainer.checkpoint()


class ReadOutTraining(Training[EncodedCrops]):
    """A read-out, its loss and its validation."""

    kind: ClassVar[str] = KIND

    def __init__(
        self,
        config: ReadOutTrainingConfig,
        layout: LandmarkLayout,
        manifest: Mapping[str, Any],
        network: ReadOut,
        held_out: EncodedCrops,
    ) -> None:
        self.config, self.layout, self.network = config, layout, network
        self.batch_size = config.batch
        self._manifest, self._held_out = dict(manifest), held_out
        self._weights = torch.as_tensor(layout.weights, dtype=torch.float32)
        self._openings = torch.from_numpy(opening_pairs(load_head(), layout.set_name))
        self._face = torch.from_numpy(np.flatnonzero(layout.face))
        self.learner = network_learner(network, config.training)
        self.schedule = CosineSchedule(config.training)

    def losses(self, batch: EncodedCrops) -> dict[str, Tensor]:
        loss = self.config.loss
        labels, presence = torch.from_numpy(batch.labels), torch.from_numpy(batch.presence)
        output = self.network(torch.from_numpy(batch.points), torch.from_numpy(batch.features).float())
        likelihood = weighted_gaussian(output, labels, presence, weights=self._weights, beta=loss.beta)
        shape = shape_loss(
            output.points[:, self._face],
            labels[:, self._face],
            presence,
            weights=self._weights[self._face],
        )
        gaps = vertex_edge_loss(output.points, labels, presence, edges=self._openings)
        there = presence_loss(output.presence, presence)
        total = likelihood + loss.shape_weight * shape + loss.opening_weight * gaps
        return {"loss": total + loss.presence_weight * there, "shape": shape}

    def validate(self) -> dict[str, dict[str, float]]:
        assert self.learner.average is not None
        return evaluate(self.learner.average.network, self._held_out, self.layout)

    def state(self) -> TrainingState:
        return TrainingState(
            settings=flat_settings(self.config),
            plain={
                "network": asdict(self.network.config),
                "set_name": self.layout.set_name,
                "encoded": self._manifest,
            },
        )


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint; no code in the file is executed.

    Raises:
        InputError: see `mien.learning.checkpoints.read_checkpoint`.
    """
    return checkpoints.read_checkpoint(path, kind=KIND, command="mien train read-out")


def network_config(checkpoint: Checkpoint) -> SizedReadOutConfig:
    """The architecture."""
    return SizedReadOutConfig(**checkpoint.plain["network"])


def averaged_read_out(checkpoint: Checkpoint) -> ReadOut:
    """The read-out with averaged weights, ready to answer."""
    network = ReadOut(network_config(checkpoint))
    network.load_state_dict(checkpoint.tensors["average"])
    return network.eval()
