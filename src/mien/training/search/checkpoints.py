"""Checkpoints of the search network's training: plain tensors and JSON."""

from __future__ import annotations

import json
import os
import pickle
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from mien.errors import InputError
from mien.training.search.network import SearchNetwork, SearchNetworkConfig

FORMAT_VERSION = 1


@dataclass(frozen=True)
class SearchCheckpoint:
    """A training at one moment.

    Attributes:
        network_config: architecture.
        step: steps done.
        elapsed_s: training time so far, seconds.
        training: settings as plain data, for the record.
        figures: latest validation figures, perhaps empty.
        network, average, optimiser: state dictionaries of the network, its running average, the optimiser.
        average_updates: number of updates of the running average.
    """

    network_config: SearchNetworkConfig
    step: int
    elapsed_s: float
    training: dict
    figures: dict
    network: dict
    average: dict
    optimiser: dict
    average_updates: int

    def averaged_network(self) -> SearchNetwork:
        """The network with averaged weights, ready to answer."""
        network = SearchNetwork(self.network_config)
        network.load_state_dict(self.average)
        return network.eval()


_PLAIN = ("step", "elapsed_s", "training", "figures", "average_updates")
_TENSORS = ("network", "average", "optimiser")


def save_checkpoint(checkpoint: SearchCheckpoint, path: str | Path) -> None:
    """Write under another name, then rename: an interruption leaves the previous checkpoint."""
    path = Path(path)
    plain = {name: getattr(checkpoint, name) for name in _PLAIN}
    plain |= {"format_version": FORMAT_VERSION, "network_config": asdict(checkpoint.network_config)}
    content = {name: getattr(checkpoint, name) for name in _TENSORS} | {"json": json.dumps(plain)}
    part = path.with_name(path.name + ".part")
    torch.save(content, part)
    os.replace(part, path)


def load_checkpoint(path: str | Path) -> SearchCheckpoint:
    """Read a checkpoint; no code in the file is executed.

    Raises:
        InputError: the file is missing, no checkpoint, or of another version.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("no such checkpoint; make one with: mien train search", source=path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        plain = json.loads(content["json"])
    except (pickle.UnpicklingError, RuntimeError, KeyError, TypeError, EOFError) as error:
        raise InputError("not a checkpoint of `mien train search`", source=path) from error
    if plain.pop("format_version") != FORMAT_VERSION:
        raise InputError(
            f"made by another version of mien; this one reads format {FORMAT_VERSION}", source=path
        )
    values = plain.pop("network_config")
    config = SearchNetworkConfig(stem=tuple(values["stem"]), dilations=tuple(values["dilations"]))
    return SearchCheckpoint(network_config=config, **plain, **{name: content[name] for name in _TENSORS})
