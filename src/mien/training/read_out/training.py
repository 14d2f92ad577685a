"""The training of a read-out: exactly resumable."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from mien.datasets.crops.layout import LandmarkLayout, load_layout
from mien.datasets.encoded_crops import (
    EncodedCrops,
    EncodedManifest,
    batches_of,
    read_encoded,
    read_manifest,
)
from mien.errors import InputError
from mien.heads.landmark_sets import opening_pairs
from mien.heads.library import load_head
from mien.learning import checkpoints
from mien.learning.checkpoints import CHECKPOINT_NAME, Checkpoint
from mien.learning.devices import bfloat16, choose_device
from mien.learning.flat_settings import flat_settings
from mien.learning.learner import network_learner
from mien.learning.schedule import CosineSchedule
from mien.learning.trainer import network_trainer, start_network_training
from mien.learning.training import Training, TrainingState
from mien.progress import ProgressReport, silent
from mien.reading.settings import checked_settings
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
    manifest = _manifest_of(config)
    layout = load_layout(config.set, shard_set=manifest.set_name)
    names = [encoder.name for encoder in manifest.encoders]
    crops, held_out = (
        read_encoded(config.data, part=part, indices=layout.shard_indices, encoders=names)
        for part in ("train", "validation")
    )
    if resume:
        checkpoint = read_checkpoint(folder / CHECKPOINT_NAME)
        network = ReadOut(network_config(checkpoint))
    else:
        checkpoint = None
        network = ReadOut(SizedReadOutConfig.of(config.network, manifest.encoders, landmarks=len(layout)))
        standardise(network, crops)
    training = ReadOutTraining(config, layout, manifest, network, crops, held_out)
    trainer = network_trainer(training, config.training, folder=folder, report=report)
    if checkpoint is not None:
        trainer.resume(checkpoint)
    trainer.run(
        batches_of(len(crops), batch=config.batch, seed=config.training.seed, first_step=trainer.step)
    )
    return trainer.checkpoint()


def _manifest_of(config: ReadOutTrainingConfig) -> EncodedManifest:
    """Of all folders together, with those encoders that are read out."""
    manifest, *others = (read_manifest(folder) for folder in config.data)
    for folder, other in zip(config.data[1:], others, strict=True):
        if other.encoders != manifest.encoders:
            raise InputError(f"was made by other encoders than {config.data[0]}", source=folder)
    pictures = [each for one in (manifest, *others) for each in one.pictures]
    manifest = replace(manifest, pictures=pictures)
    if config.encoders is None:
        return manifest
    by_name = {encoder.name: encoder for encoder in manifest.encoders}
    missing = [name for name in config.encoders if name not in by_name]
    if missing or not config.encoders:
        raise InputError(
            f"holds what {', '.join(by_name)} said, not {', '.join(missing) or 'nobody'}",
            source=config.data[0],
        )
    return replace(manifest, encoders=tuple(by_name[name] for name in config.encoders))


class ReadOutTraining(Training[np.ndarray]):
    """A read-out, its loss and its validation."""

    kind: ClassVar[str] = KIND

    def __init__(
        self,
        config: ReadOutTrainingConfig,
        layout: LandmarkLayout,
        manifest: EncodedManifest,
        network: ReadOut,
        crops: EncodedCrops,
        held_out: EncodedCrops,
    ) -> None:
        self._device = choose_device(config.training.device)
        self.config, self.layout, self.network = config, layout, network.to(self._device)
        self.batch_size = config.batch
        self._manifest, self._held_out = manifest, held_out
        # on a GPU all crops at once: they are small, and a step is shorter than their way there
        self._crops = {
            name: torch.from_numpy(getattr(crops, name)).to(self._device)
            for name in ("points", "features", "labels", "presence")
        }
        self._weights = torch.as_tensor(layout.weights, dtype=torch.float32, device=self._device)
        self._openings = torch.from_numpy(opening_pairs(load_head(), layout.set_name)).to(self._device)
        self._face = torch.from_numpy(np.flatnonzero(layout.face)).to(self._device)
        self.learner = network_learner(network, config.training)
        self.schedule = CosineSchedule(config.training)

    def losses(self, batch: np.ndarray) -> dict[str, Tensor]:
        loss, rows = self.config.loss, torch.from_numpy(batch).to(self._device)
        points, features, labels, presence = (values[rows] for values in self._crops.values())
        with bfloat16(self._device, enabled=self.config.training.half_precision):
            output = self.network(points, features.float())
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
                "encoded": self._manifest.as_json(),
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
    return checked_settings(
        SizedReadOutConfig, checkpoint.plain.get("network"), source=checkpoint.source, what="network"
    )


def averaged_read_out(checkpoint: Checkpoint) -> ReadOut:
    """The read-out with averaged weights, ready to answer."""
    return checkpoints.averaged(checkpoint, lambda: ReadOut(network_config(checkpoint)))
