"""What the search network's training keeps in its checkpoints."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from mien.learning import checkpoints
from mien.learning.checkpoints import Checkpoint
from mien.reading.settings import checked_settings
from mien.training.search.config import SearchNetworkConfig
from mien.training.search.network import SearchNetwork

KIND = "search"


def plain_part(config: SearchNetworkConfig) -> dict[str, Any]:
    """`Checkpoint.plain` of a search network."""
    return {"network": asdict(config)}


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint; no code in the file is executed.

    Raises:
        InputError: see `mien.learning.checkpoints.read_checkpoint`.
    """
    return checkpoints.read_checkpoint(path, kind=KIND, command="mien train search")


def network_config(checkpoint: Checkpoint) -> SearchNetworkConfig:
    """The architecture."""
    return checked_settings(
        SearchNetworkConfig, checkpoint.plain.get("network"), source=checkpoint.source, what="network"
    )


def averaged_network(checkpoint: Checkpoint) -> SearchNetwork:
    """The network with averaged weights, ready to answer."""
    return checkpoints.averaged(checkpoint, lambda: SearchNetwork(network_config(checkpoint)))
