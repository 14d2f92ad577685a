"""The training of the face search: resumable, with a log of figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from mien.datasets.crops.layout import LandmarkLayout
from mien.datasets.search_scenes.batches import SceneBatch, SceneDataset, batches_ahead, make_batch
from mien.datasets.search_scenes.scenes import SearchScene
from mien.learning.checkpoints import CHECKPOINT_NAME, Checkpoint
from mien.learning.devices import bfloat16, choose_device
from mien.learning.flat_settings import flat_settings
from mien.learning.learner import network_learner
from mien.learning.learning_rate_test import TEST_BATCHES, with_earlier_rate, with_learning_rate
from mien.learning.schedule import CosineSchedule
from mien.learning.trainer import network_trainer, start_network_training
from mien.learning.training import Training, TrainingState
from mien.progress import ProgressReport, silent
from mien.training.search.checkpoints import KIND, network_config, plain_part, read_checkpoint
from mien.training.search.config import SearchTrainingConfig
from mien.training.search.losses import center_loss, geometry_loss
from mien.training.search.network import SearchNetwork
from mien.training.search.validation import evaluate, validation_scenes


def train_search(
    config: SearchTrainingConfig,
    *,
    out: str | Path,
    resume: bool = False,
    layout: LandmarkLayout | None = None,
    report: ProgressReport = silent,
) -> Checkpoint:
    """Train a search network; its last checkpoint is returned and lies in `out`, beside log.jsonl.

    An interruption (Ctrl-C) saves a checkpoint, then raises KeyboardInterrupt.

    Args:
        config: data, architecture, settings.
        out: folder for checkpoint and log.
        resume: go on from `out`/checkpoint.pt.
        layout: of the landmark set; left out, it is found by the set's name.
        report: see `Trainer`.

    Raises:
        InputError: no data, no checkpoint to resume, or the loss is no longer finite.
    """
    folder = start_network_training(config.training, out, resume=resume)
    dataset = SceneDataset.of(config.scenes, seed=config.training.seed, layout=layout)
    checkpoint = read_checkpoint(folder / CHECKPOINT_NAME) if resume else None
    store = dataset.open_store()
    store.refresh()
    if not len(store):
        raise store.folders.nothing_there()
    if checkpoint is not None:
        network = network_config(checkpoint)
        config = replace(config, network=network, training=with_earlier_rate(config.training, checkpoint))
    else:
        other = replace(dataset, seed=dataset.seed + 1)
        settings = with_learning_rate(
            config.training,
            folder=folder,
            trial=lambda training: SearchTraining(replace(config, training=training), dataset),
            batches=lambda: [make_batch(other, store, step) for step in range(TEST_BATCHES)],
        )
        config = replace(config, training=settings)
    training = SearchTraining(config, dataset)
    trainer = network_trainer(training, config.training, folder=folder, report=report)
    if checkpoint is not None:
        trainer.resume(checkpoint)
    with batches_ahead(dataset, store, first_step=trainer.step) as batches:
        trainer.run(batches)
    return trainer.checkpoint()


class SearchTraining(Training[SceneBatch]):
    """A search network, its losses and its validation."""

    kind: ClassVar[str] = KIND

    def __init__(self, config: SearchTrainingConfig, dataset: SceneDataset) -> None:
        self.config, self.dataset = config, dataset
        self.batch_size = config.scenes.batch
        self._device = choose_device(config.training.device)
        self.network = SearchNetwork(config.network).to(self._device)
        self.network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.learner = network_learner(self.network, config.training)
        self.schedule = CosineSchedule(config.training)
        self._heads = 0
        self._held_out: list[SearchScene] = []

    def losses(self, batch: SceneBatch) -> dict[str, Tensor]:
        self._heads = batch.store_size
        pictures = torch.from_numpy(batch.pictures).to(self._device).permute(0, 3, 1, 2).float().div_(255)
        heat, weight, geometry, geometry_weight = (
            torch.from_numpy(each).to(self._device)
            for each in (batch.heat, batch.weight, batch.geometry, batch.geometry_weight)
        )
        with bfloat16(self._device, enabled=self.config.training.half_precision):
            output = self.network(pictures)
        center = center_loss(output.score[:, 0], heat, weight)
        shape = geometry_loss(output.geometry, geometry, geometry_weight)
        return {"loss": center + self.config.geometry_weight * shape, "center_loss": center}

    def facts(self, losses: Mapping[str, float]) -> dict[str, float]:
        return {"heads": self._heads}

    def validate(self) -> dict[str, dict[str, float]]:
        self._held_out = self._held_out or validation_scenes(self.dataset)
        if not self._held_out:
            return {}
        assert self.learner.average is not None
        figures = evaluate(self.learner.average.network, self._held_out, device=self._device)
        return {"scenes": asdict(figures)}

    def state(self) -> TrainingState:
        settings = {**flat_settings(self.config), "scenes": asdict(self.dataset.scenes)}
        return TrainingState(settings, plain_part(self.network.config))
