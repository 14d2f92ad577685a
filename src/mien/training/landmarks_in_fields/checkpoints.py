"""Checkpoints of the field landmark networks' training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mien.landmarks_in_fields.network import FieldLandmarkNetwork, FieldNetworkConfig
from mien.learning.checkpoints import TrainingCheckpoint, read_training

COMMAND = "mien train field-landmarks"


@dataclass(frozen=True)
class FieldLandmarkCheckpoint(TrainingCheckpoint):
    """A training of the coarse or the fine network at one moment.

    Attributes:
        description: what `FieldLandmarkNetwork.from_description` needs.
    """

    network_config: FieldNetworkConfig
    description: dict[str, Any]

    def averaged_network(self) -> FieldLandmarkNetwork:
        """The network with averaged weights, ready to answer."""
        network = FieldLandmarkNetwork.from_description(self.description)
        network.load_state_dict(self.average)
        return network.eval()


def load_checkpoint(path: str | Path) -> FieldLandmarkCheckpoint:
    """Read a checkpoint; no code in the file is executed.

    Raises:
        InputError: the file is missing, no checkpoint of this training, or of another version.
    """
    values = read_training(path, FieldLandmarkCheckpoint, command=COMMAND)
    config = FieldNetworkConfig(**values.pop("network_config"))
    return FieldLandmarkCheckpoint(network_config=config, **values)
