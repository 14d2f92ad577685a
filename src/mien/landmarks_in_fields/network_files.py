"""The file of trained networks: safetensors with half-precision weights, and a card beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from mien.errors import InputError
from mien.landmarks_in_fields.config import FineNetworkConfig
from mien.landmarks_in_fields.network import FieldLandmarkNetwork
from mien.learning.stored_tensors import check_shapes, checked_tensors
from mien.reading.array_members import ArrayMember
from mien.reading.file_values import FileValues
from mien.reading.json_files import parse_json
from mien.reading.safetensors_files import open_safetensors
from mien.reading.settings import checked_settings

FORMAT_VERSION = 1
SHIPPED = Path(__file__).parent / "data" / "field_landmarks.safetensors"
_RANGES: dict[str, tuple[float, float]] = {"size": (4, 128), "width": (1, 1024), "features": (1, 8192)}


@dataclass(frozen=True)
class NetworkPair:
    """The coarse and the fine network."""

    coarse: FieldLandmarkNetwork
    fine: FieldLandmarkNetwork


def write_networks(path: Path, *, coarse: FieldLandmarkNetwork, fine: FieldLandmarkNetwork) -> None:
    """Both networks in one file; a shape model that both have is written once."""
    from safetensors.torch import save

    from mien.files import write_bytes

    tensors: dict[str, torch.Tensor] = {}
    for name, network in (("coarse", coarse), ("fine", fine)):
        shape_model = {key for key, _ in network.named_buffers() if key.startswith("shape.")}
        for key, value in network.state_dict().items():
            same = tensors.get(f"coarse.{key}")
            half = value.detach().half().contiguous()
            if name == "fine" and key in shape_model and same is not None and torch.equal(same, half):
                continue
            tensors[f"{name}.{key}"] = half
    descriptions = {"coarse": coarse.description(), "fine": fine.description()}
    metadata = {"format_version": str(FORMAT_VERSION), "networks": json.dumps(descriptions)}
    write_bytes(path, save(tensors, metadata=metadata))


@lru_cache(maxsize=2)
def read_networks(path: Path = SHIPPED) -> NetworkPair:
    """Networks ready to be used.

    Raises:
        InputError: the file is missing or no such file.
    """
    with open_safetensors(
        path,
        what="is not a file of field landmark networks",
        missing="no such file of networks; train them with mien train field-landmarks "
        "(see docs/field_landmarks.md), then use FieldLandmarker(read_networks(FILE)) or --networks FILE",
    ) as file:
        if file.metadata.get("format_version") != str(FORMAT_VERSION):
            raise InputError("is of another version; install mien again or export it anew", source=path)
        descriptions = parse_json(
            file.metadata["networks"], source=path, what="is not a file of field landmark networks"
        )
        networks = {
            name: _network(name, descriptions[name], file.members, path) for name in ("coarse", "fine")
        }
    return NetworkPair(networks["coarse"], networks["fine"])


def _network(
    name: str, description: dict[str, Any], members: dict[str, ArrayMember], path: Path
) -> FieldLandmarkNetwork:
    start, common = f"{name}.", "coarse.shape."
    own = {key.removeprefix(start): value for key, value in members.items() if key.startswith(start)}
    shared = {key.removeprefix("coarse."): each for key, each in members.items() if key.startswith(common)}
    for key, shape in description["shape_model"].items():
        stored = own.get(f"shape.{key}", shared.get(f"shape.{key}"))
        if stored is None or list(stored.shape) != shape:
            raise InputError(f"is damaged: its shape model lacks {key}", source=path)
        own[f"shape.{key}"] = stored
    checked_settings(
        FineNetworkConfig, {key: value for key, value in description["config"].items() if key != "stage"},
        source=path, what="network", ranges=_RANGES,
    )  # fmt: skip
    usual = FileValues(description, source=path)
    usual.number("usual_scale", low=1e-6, high=1e6)
    usual.array("usual_shift", "3", low=-1e6, high=1e6)
    check_shapes(
        lambda: FieldLandmarkNetwork.from_description(description),
        {key: member.shape for key, member in own.items()},
        source=path,
    )
    network = FieldLandmarkNetwork.from_description(description)
    tensors = checked_tensors(own, source=path)
    network.load_state_dict({key: value.float() for key, value in tensors.items()})
    return network.eval()
