"""Checkpoints: everything that a training needs to go on exactly, in plain tensors and JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from mien.training.checkpoint_files import read_checkpoint_file, write_checkpoint_file
from mien.training.landmark_network.networks import LandmarkNetwork, NetworkConfig

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Checkpoint:
    """A training at one moment.

    Attributes:
        network_config: architecture.
        set_name: landmark set.
        step: steps done.
        elapsed_s: training time so far, seconds.
        pictures: samples presented so far.
        training: the training's settings, as plain data, for the record.
        figures: latest validation figures.
        network, average, optimiser: state dictionaries of the network, its running average, the optimiser.
        average_updates: number of updates of the running average.
        random_state: torch's.
        objective: state dictionary of the loss (the flow of the residual log-likelihood), mostly empty.
    """

    network_config: NetworkConfig
    set_name: str
    step: int
    elapsed_s: float
    pictures: int
    training: dict
    figures: dict
    network: dict
    average: dict
    optimiser: dict
    average_updates: int
    random_state: torch.Tensor
    objective: dict = field(default_factory=dict)

    def averaged_network(self) -> LandmarkNetwork:
        """The network with averaged weights, ready to answer."""
        network = LandmarkNetwork(self.network_config)
        network.load_state_dict(self.average)
        return network.eval()


_PLAIN = ("set_name", "step", "elapsed_s", "pictures", "training", "figures", "average_updates")
_TENSORS = ("network", "average", "optimiser", "random_state")


def save_checkpoint(checkpoint: Checkpoint, path: str | Path) -> None:
    """Write a checkpoint in one step."""
    tensors = {name: getattr(checkpoint, name) for name in (*_TENSORS, "objective")}
    plain = {name: getattr(checkpoint, name) for name in _PLAIN}
    plain |= {"network_config": asdict(checkpoint.network_config)}
    write_checkpoint_file(path, tensors=tensors, plain=plain, format_version=FORMAT_VERSION)


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint; no code in the file is executed.

    Raises:
        InputError: the file is missing, no checkpoint, or of another version.
    """
    content, plain = read_checkpoint_file(path, command="mien train landmarks", format_version=FORMAT_VERSION)
    architecture = plain.pop("network_config")
    architecture["mesh_sizes"] = tuple(architecture.get("mesh_sizes", ()))
    return Checkpoint(
        network_config=NetworkConfig(**architecture),
        **plain,
        **{name: content[name] for name in _TENSORS},
        objective=content.get("objective", {}),
    )
