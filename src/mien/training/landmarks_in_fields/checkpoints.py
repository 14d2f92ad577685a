"""What the field landmark networks' training keeps in its checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mien.landmarks_in_fields.config import FieldNetworkConfig, network_config_from_plain
from mien.landmarks_in_fields.network import FieldLandmarkNetwork
from mien.learning import checkpoints
from mien.learning.checkpoints import Checkpoint
from mien.reading.damage import damage_named

KIND = "field-landmarks"
COMMAND = "mien train field-landmarks"


def plain_part(network: FieldLandmarkNetwork, *, earlier_steps: int) -> dict[str, Any]:
    """`Checkpoint.plain` of a field landmark network.

    Args:
        earlier_steps: of the trainings that this one began from.
    """
    return {"network": network.description(), "earlier_steps": earlier_steps}


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint; no code in the file is executed.

    Raises:
        InputError: see `mien.learning.checkpoints.read_checkpoint`.
    """
    return checkpoints.read_checkpoint(path, kind=KIND, command=COMMAND)


def network_config(checkpoint: Checkpoint) -> FieldNetworkConfig:
    """The architecture."""
    with damage_named(checkpoint.source, "holds no field-landmark network; train anew"):
        return network_config_from_plain(checkpoint.plain["network"]["config"])


def averaged_network(checkpoint: Checkpoint) -> FieldLandmarkNetwork:
    """The network with averaged weights, ready to answer."""
    return checkpoints.averaged(
        checkpoint, lambda: FieldLandmarkNetwork.from_description(checkpoint.plain["network"])
    )
