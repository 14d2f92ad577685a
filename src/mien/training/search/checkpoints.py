"""Checkpoints of the search network's training: plain tensors and JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from mien.training.checkpoint_files import read_checkpoint_file, write_checkpoint_file
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
    """Write a checkpoint in one step."""
    tensors = {name: getattr(checkpoint, name) for name in _TENSORS}
    plain = {name: getattr(checkpoint, name) for name in _PLAIN}
    plain |= {"network_config": asdict(checkpoint.network_config)}
    write_checkpoint_file(path, tensors=tensors, plain=plain, format_version=FORMAT_VERSION)


def load_checkpoint(path: str | Path) -> SearchCheckpoint:
    """Read a checkpoint; no code in the file is executed.

    Raises:
        InputError: the file is missing, no checkpoint, or of another version.
    """
    content, plain = read_checkpoint_file(path, command="mien train search", format_version=FORMAT_VERSION)
    values = plain.pop("network_config")
    config = SearchNetworkConfig(stem=tuple(values["stem"]), dilations=tuple(values["dilations"]))
    return SearchCheckpoint(network_config=config, **plain, **{name: content[name] for name in _TENSORS})
