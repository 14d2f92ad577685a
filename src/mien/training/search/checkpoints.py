"""Checkpoints of the search network's training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.learning.checkpoints import TrainingCheckpoint, read_training
from mien.training.search.network import SearchNetwork, SearchNetworkConfig


@dataclass(frozen=True)
class SearchCheckpoint(TrainingCheckpoint):
    """A training of the search network at one moment."""

    network_config: SearchNetworkConfig

    def averaged_network(self) -> SearchNetwork:
        """The network with averaged weights, ready to answer."""
        network = SearchNetwork(self.network_config)
        network.load_state_dict(self.average)
        return network.eval()


def load_checkpoint(path: str | Path) -> SearchCheckpoint:
    """Read a checkpoint; no code in the file is executed.

    Raises:
        InputError: the file is missing, no checkpoint, or of another version.
    """
    values = read_training(path, SearchCheckpoint, command="mien train search")
    sizes = values.pop("network_config")
    config = SearchNetworkConfig(stem=tuple(sizes["stem"]), dilations=tuple(sizes["dilations"]))
    return SearchCheckpoint(network_config=config, **values)
