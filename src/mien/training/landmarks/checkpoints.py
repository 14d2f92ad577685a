"""What the landmark network's training keeps in its checkpoints."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from mien.learning import checkpoints
from mien.learning.checkpoints import Checkpoint
from mien.reading.file_values import FileValues
from mien.reading.settings import checked_settings
from mien.training.landmarks.config import SizedLandmarkNetworkConfig
from mien.training.landmarks.networks import LandmarkNetwork

KIND = "landmarks"


def plain_part(config: SizedLandmarkNetworkConfig, *, set_name: str) -> dict[str, Any]:
    """`Checkpoint.plain` of a landmark network."""
    return {"network": asdict(config), "set_name": set_name}


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint; no code in the file is executed.

    Raises:
        InputError: see `mien.learning.checkpoints.read_checkpoint`.
    """
    return checkpoints.read_checkpoint(path, kind=KIND, command="mien train landmarks")


def network_config(checkpoint: Checkpoint) -> SizedLandmarkNetworkConfig:
    """The architecture."""
    return checked_settings(
        SizedLandmarkNetworkConfig,
        checkpoint.plain.get("network"),
        source=checkpoint.source,
        what="network",
        ranges={"landmarks": (1, 100_000), "input_size": (8, 1024)},
    )


def set_name(checkpoint: Checkpoint) -> str:
    """The landmark set."""
    return FileValues(checkpoint.plain, source=checkpoint.source).text("set_name", longest=100)


def averaged_network(checkpoint: Checkpoint) -> LandmarkNetwork:
    """The network with averaged weights, ready to answer."""
    return checkpoints.averaged(checkpoint, lambda: LandmarkNetwork(network_config(checkpoint)))
