"""Checkpoints: everything that a training needs to go on exactly, in plain tensors and JSON."""

from __future__ import annotations

import json
import os
import pickle
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from mien.errors import InputError
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
    """Write under another name, then rename: an interruption leaves the previous checkpoint."""
    path = Path(path)
    plain = {name: getattr(checkpoint, name) for name in _PLAIN}
    plain |= {"format_version": FORMAT_VERSION, "network_config": asdict(checkpoint.network_config)}
    content = {name: getattr(checkpoint, name) for name in _TENSORS} | {"json": json.dumps(plain)}
    content["objective"] = checkpoint.objective
    part = path.with_name(path.name + ".part")
    torch.save(content, part)
    os.replace(part, path)


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint; no code in the file is executed.

    Raises:
        InputError: the file is missing, no checkpoint, or of another version.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("no such checkpoint; make one with: mien train landmarks", source=path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        plain = json.loads(content["json"])
    except (pickle.UnpicklingError, RuntimeError, KeyError, TypeError, EOFError) as error:
        raise InputError("not a checkpoint of `mien train landmarks`", source=path) from error
    if plain.pop("format_version") != FORMAT_VERSION:
        raise InputError(
            f"made by another version of mien; this one reads format {FORMAT_VERSION}", source=path
        )
    architecture = plain.pop("network_config")
    architecture["mesh_sizes"] = tuple(architecture.get("mesh_sizes", ()))
    return Checkpoint(
        network_config=NetworkConfig(**architecture),
        **plain,
        **{name: content[name] for name in _TENSORS},
        objective=content.get("objective", {}),
    )
