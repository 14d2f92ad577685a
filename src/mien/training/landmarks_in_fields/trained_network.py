"""A network that another training has left: in its checkpoint, or in a file of both networks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mien.landmarks_in_fields.config import network_config_as_plain
from mien.landmarks_in_fields.network import FieldLandmarkNetwork
from mien.landmarks_in_fields.network_files import SHIPPED, read_networks
from mien.reading.damage import damage_named
from mien.reading.json_files import read_json
from mien.training.landmarks_in_fields.checkpoints import averaged_network, read_checkpoint

Stage = Literal["coarse", "fine"]
SHIPPED_NAME = "shipped"


@dataclass(frozen=True)
class TrainedNetwork:
    """A network with averaged weights, and where they come from.

    Attributes:
        steps: of its training and those that this one began from.
        facts: what a card says of it.
        source: the file.
    """

    network: FieldLandmarkNetwork
    steps: int
    facts: dict[str, Any]
    source: Path


def trained_network(path: str | Path, stage: Stage) -> TrainedNetwork:
    """Read a stage's network.

    Args:
        path: a checkpoint; a .safetensors file of both networks with its card beside it; or "shipped".

    Raises:
        InputError: it is none of these.
    """
    path = SHIPPED if str(path) == SHIPPED_NAME else Path(path)
    if path.suffix == ".safetensors":
        return _exported(path, stage)
    checkpoint = read_checkpoint(path)
    network = averaged_network(checkpoint)
    facts = {
        "network": network_config_as_plain(network.config),
        "training": checkpoint.settings,
        "steps": checkpoint.step,
        "minutes": round(checkpoint.elapsed_s / 60, 1),
        "validation": checkpoint.figures,
    }
    steps = checkpoint.plain["earlier_steps"] + checkpoint.step
    return TrainedNetwork(network, steps, facts, path)


def _exported(path: Path, stage: Stage) -> TrainedNetwork:
    pair = read_networks(path)
    # A copy: what was read stays as it is for others
    network = FieldLandmarkNetwork.from_description(getattr(pair, stage).description())
    network.load_state_dict(getattr(pair, stage).state_dict())
    card_path = path.with_suffix(".card.json")
    card = read_json(card_path, what="is not a card of field landmark networks")
    with damage_named(card_path, "does not say how its networks were trained; export them again"):
        facts = card[stage]
        steps = int(facts["steps"]) + int(facts["training"]["earlier_steps"])
    return TrainedNetwork(network.eval(), steps, facts, path)
