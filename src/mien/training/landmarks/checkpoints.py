"""What the landmark network's training keeps in its checkpoints."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from mien.learning import checkpoints
from mien.learning.checkpoints import Checkpoint
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
    values = checkpoint.plain["network"]
    return SizedLandmarkNetworkConfig(**{**values, "mesh_sizes": tuple(values["mesh_sizes"])})


def set_name(checkpoint: Checkpoint) -> str:
    """The landmark set."""
    return checkpoint.plain["set_name"]


def averaged_network(checkpoint: Checkpoint) -> LandmarkNetwork:
    """The network with averaged weights, ready to answer."""
    network = LandmarkNetwork(network_config(checkpoint))
    network.load_state_dict(checkpoint.tensors["average"])
    return network.eval()
