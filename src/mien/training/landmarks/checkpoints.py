"""Checkpoints: everything that a training of the landmark network needs to go on exactly."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import torch

from mien.learning.checkpoints import TrainingCheckpoint, read_training
from mien.training.landmarks.networks import LandmarkNetwork, LandmarkNetworkConfig


@dataclass(frozen=True)
class Checkpoint(TrainingCheckpoint):
    """A training of the landmark network at one moment.

    Attributes:
        network_config: architecture.
        set_name: landmark set.
        pictures: samples presented so far.
        random_state: torch's.
        objective: state dictionary of the loss (the flow of the residual log-likelihood), mostly empty.
    """

    network_config: LandmarkNetworkConfig
    set_name: str
    pictures: int
    random_state: torch.Tensor
    objective: dict = field(default_factory=dict)

    tensor_fields: ClassVar[tuple[str, ...]] = (
        *TrainingCheckpoint.tensor_fields,
        "random_state",
        "objective",
    )

    def averaged_network(self) -> LandmarkNetwork:
        """The network with averaged weights, ready to answer."""
        network = LandmarkNetwork(self.network_config)
        network.load_state_dict(self.average)
        return network.eval()


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint; no code in the file is executed.

    Raises:
        InputError: the file is missing, no checkpoint, or of another version.
    """
    values = read_training(path, Checkpoint, command="mien train landmarks")
    architecture = values.pop("network_config")
    architecture["mesh_sizes"] = tuple(architecture.get("mesh_sizes", ()))
    return Checkpoint(network_config=LandmarkNetworkConfig(**architecture), **values)
