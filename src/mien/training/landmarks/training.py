"""The training of the landmark network: exactly resumable."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from mien.datasets.crops.batches import CropBatch, CropDataset
from mien.datasets.crops.feeder import FeederConfig, feed
from mien.datasets.crops.layout import LandmarkLayout
from mien.datasets.crops.shards import mean_layout
from mien.errors import InputError
from mien.heads.landmark_sets import opening_pairs
from mien.heads.library import load_head
from mien.heads.mesh_hierarchy.hierarchy import build_hierarchy
from mien.heads.mesh_hierarchy.triangulation import LandmarkMesh, landmark_mesh
from mien.learning.checkpoints import CHECKPOINT_NAME, Checkpoint
from mien.learning.devices import bfloat16, choose_device
from mien.learning.flat_settings import flat_settings
from mien.learning.learner import network_learner
from mien.learning.learning_rate_test import TEST_BATCHES, with_earlier_rate, with_learning_rate
from mien.learning.schedule import CosineSchedule
from mien.learning.trainer import network_trainer, start_network_training
from mien.learning.training import Training, TrainingState
from mien.progress import ProgressReport, silent
from mien.training.landmarks.checkpoints import (
    KIND,
    network_config,
    plain_part,
    read_checkpoint,
    set_name,
)
from mien.training.landmarks.config import LandmarkTrainingConfig, SizedLandmarkNetworkConfig
from mien.training.landmarks.identity_validation import KnownPeople, identity_figures, known_people
from mien.training.landmarks.losses import LOSSES, LandmarkObjective, presence_loss
from mien.training.landmarks.networks import LandmarkNetwork
from mien.training.landmarks.validation import evaluate, validation_batches


def train_landmarks(
    config: LandmarkTrainingConfig,
    *,
    out: str | Path,
    resume: bool = False,
    feeder: FeederConfig | None = None,
    layout: LandmarkLayout | None = None,
    mesh: LandmarkMesh | None = None,
    report: ProgressReport = silent,
) -> Checkpoint:
    """Train a network; returns its last checkpoint, also in `out`/checkpoint.pt. `out`/log.jsonl grows.

    An interruption (Ctrl-C) saves a checkpoint, then raises KeyboardInterrupt.

    Args:
        config: data, architecture, loss, settings.
        out: folder for checkpoint and log.
        resume: go on from `out`/checkpoint.pt.
        feeder: how batches are made.
        layout: of the landmark set; left out, it is found by the set's name.
        mesh: the landmarks' mesh for the spiral decoder and the vertex–edge loss; left out, it is made from
            the built-in head.
        report: see `Trainer`.

    Raises:
        InputError: no data, no checkpoint to resume, or the loss is no longer finite.
    """
    folder = start_network_training(config.training, out, resume=resume)
    feeder = feeder or FeederConfig()
    dataset = CropDataset.of(config.crops, seed=config.training.seed, layout=layout)
    if mesh is None and (config.loss.edge_weight or config.network.decoder == "spiral"):
        mesh = landmark_mesh(dataset.layout.set_name)
    if resume:
        path = folder / CHECKPOINT_NAME
        checkpoint = read_checkpoint(path)
        _check_resumable(checkpoint, config, dataset.layout, path)
        config = replace(config, training=with_earlier_rate(config.training, checkpoint))
        training = LandmarkTraining(config, dataset, LandmarkNetwork(network_config(checkpoint)), mesh=mesh)
        trainer = network_trainer(training, config.training, folder=folder, report=report)
        trainer.resume(checkpoint)
        with closing(feed(dataset, feeder, first_step=trainer.step)) as batches:
            trainer.run(batches)
        return trainer.checkpoint()
    with closing(feed(dataset, feeder)) as batches:
        first = next(batches)
        mean_points = _mean_points(dataset, first)
        settings = with_learning_rate(
            config.training,
            folder=folder,
            trial=lambda training: _begin(replace(config, training=training), dataset, mesh, mean_points),
            batches=lambda: _few_batches(dataset, feeder),
        )
        config = replace(config, training=settings)
        training = _begin(config, dataset, mesh, mean_points)
        trainer = network_trainer(training, config.training, folder=folder, report=report)
        trainer.run(itertools.chain([first], batches))
    return trainer.checkpoint()


class LandmarkTraining(Training[CropBatch]):
    """A landmark network, its loss and its validation."""

    kind: ClassVar[str] = KIND

    def __init__(
        self,
        config: LandmarkTrainingConfig,
        dataset: CropDataset,
        network: LandmarkNetwork,
        *,
        mesh: LandmarkMesh | None = None,
    ) -> None:
        self.config, self.dataset = config, dataset
        self.batch_size = config.crops.batch
        self._device = choose_device(config.training.device)
        openings = None
        if config.loss.opening_weight:
            openings = torch.from_numpy(opening_pairs(load_head(), dataset.layout.set_name))
        self.objective = LandmarkObjective(
            config.loss.loss,
            weights=torch.as_tensor(dataset.layout.weights, dtype=torch.float32),
            edges=None if mesh is None else torch.from_numpy(mesh.edges),
            edge_weight=config.loss.edge_weight,
            openings=openings,
            opening_weight=config.loss.opening_weight,
        ).to(self._device)
        self.network = network.to(self._device)
        self.network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.learner = network_learner(
            self.network, config.training, own_parameters=self.objective.parameters()
        )
        self.schedule = CosineSchedule(config.training)
        self._faces = 0
        self._held_out: dict[str, CropBatch] = {}
        self._known: KnownPeople | None = None

    def losses(self, batch: CropBatch) -> dict[str, Tensor]:
        self._faces = batch.store_size
        # rows of an interleaved picture are channels-last memory already
        crops = torch.from_numpy(batch.crops).to(self._device).permute(0, 3, 1, 2).float().div_(255)
        points = torch.from_numpy(batch.points).to(self._device)
        presence = torch.from_numpy(batch.presence).to(self._device)
        with bfloat16(self._device, enabled=self.config.training.half_precision):
            output = self.network(crops)
        landmarks = self.objective(output, points, presence)
        weight = self.config.loss.presence_weight
        return {"loss": landmarks + weight * presence_loss(output.presence, presence)}

    def facts(self, losses: Mapping[str, float]) -> dict[str, float]:
        return {"faces": self._faces}

    def validate(self) -> dict[str, dict[str, float]]:
        self._standardise()
        if not self._held_out:
            self._held_out = validation_batches(self.dataset)
            self._known = known_people(self.dataset)
        assert self.learner.average is not None
        figures = {
            name: asdict(
                evaluate(
                    self.learner.average.network,
                    batch,
                    self.dataset.layout.face,
                    device=self._device,
                    half_precision=self.config.training.half_precision,
                )
            )
            for name, batch in self._held_out.items()
        }
        if self._known is not None:
            figures |= identity_figures(
                self.learner.average.network,
                self._known,
                device=self._device,
                half_precision=self.config.training.half_precision,
            )
        return figures

    def state(self) -> TrainingState:
        self._standardise()
        return TrainingState(
            settings=flat_settings(self.config),
            plain=plain_part(self.network.config, set_name=self.dataset.layout.set_name),
            tensors={"objective": self.objective.state_dict()},
        )

    def load_state(self, checkpoint: Checkpoint) -> None:
        self.objective.load_state_dict(checkpoint.tensors["objective"])

    def _standardise(self) -> None:
        """Tell the networks what turns σ̂ into a standard deviation, where the loss has learnt that."""
        log_sigma = self.objective.residual_log_sigma()
        if log_sigma is not None:
            assert self.learner.average is not None
            for network in (self.network, self.learner.average.network):
                network.get_buffer("residual_log_sigma").copy_(log_sigma)


def _begin(
    config: LandmarkTrainingConfig,
    dataset: CropDataset,
    mesh: LandmarkMesh | None,
    mean_points: np.ndarray,
) -> LandmarkTraining:
    """A training of a new network whose answer is the mean face."""
    hierarchy = None
    sized = _sized(config, dataset)
    if sized.decoder == "spiral" and mesh is not None:
        hierarchy = build_hierarchy(mesh, spiral_length=sized.spiral_length)
        sized = replace(sized, mesh_sizes=hierarchy.sizes)
    network = LandmarkNetwork(sized, mean_points=mean_points, hierarchy=hierarchy)
    if config.initial is not None:
        _start_from(network, read_checkpoint(config.initial), config.initial)
    return LandmarkTraining(config, dataset, network, mesh=mesh)


def _sized(config: LandmarkTrainingConfig, dataset: CropDataset) -> SizedLandmarkNetworkConfig:
    """The architecture with what follows from data and loss."""
    chosen = {field.name: getattr(config.network, field.name) for field in fields(config.network)}
    return SizedLandmarkNetworkConfig(
        **chosen,
        landmarks=len(dataset.layout),
        input_size=config.crops.size,
        sigma=LOSSES[config.loss.loss],
    )


def _start_from(network: LandmarkNetwork, checkpoint: Checkpoint, source: Path) -> None:
    """Take over the running average of another training's weights where names and shapes agree."""
    own = network.state_dict()
    taken = {
        name: value
        for name, value in checkpoint.tensors["average"].items()
        if name in own and own[name].shape == value.shape
    }
    backbone = [name for name in own if name.startswith("backbone.")]
    if not all(name in taken for name in backbone):
        raise InputError(
            f"is a training of {network_config(checkpoint).network}, not of {network.config.network}; start "
            "from a checkpoint with the same backbone",
            source=source,
        )
    network.load_state_dict(own | taken)


def _check_resumable(
    checkpoint: Checkpoint, config: LandmarkTrainingConfig, layout: LandmarkLayout, path: Path
) -> None:
    if set_name(checkpoint) != layout.set_name:
        raise InputError(f"was trained for {set_name(checkpoint)}, not {layout.set_name}", source=path)
    if network_config(checkpoint).sigma != LOSSES[config.loss.loss]:
        trained = checkpoint.settings["loss"]
        raise InputError(f"was trained with --loss {trained}; resume with it", source=path)


def _mean_points(dataset: CropDataset, first: CropBatch) -> np.ndarray:
    """Mean landmarks of the data: the held-out faces' where there are some, else those of a batch."""
    store = dataset.open_store(part="validation")
    store.refresh()
    return mean_layout(store) if len(store) else first.points[first.presence > 0].mean(axis=0)


def _few_batches(dataset: CropDataset, feeder: FeederConfig) -> list[CropBatch]:
    """Other batches than the training's, for the range test of the learning rate."""
    config = replace(dataset.config, max_pictures=min(dataset.config.max_pictures, 2000))
    other = replace(dataset, config=config, seed=dataset.seed + 1)
    with closing(feed(other, replace(feeder, processes=0))) as batches:
        return list(itertools.islice(batches, TEST_BATCHES))
