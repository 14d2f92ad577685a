"""The file of trained networks: safetensors with half-precision weights, and a card beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from mien.errors import InputError
from mien.landmarks_in_fields.network import FieldLandmarkNetwork

FORMAT_VERSION = 1
SHIPPED = Path(__file__).parent / "data" / "field_landmarks.safetensors"


@dataclass(frozen=True)
class NetworkPair:
    """The coarse and the fine network."""

    coarse: FieldLandmarkNetwork
    fine: FieldLandmarkNetwork


def write_networks(path: Path, *, coarse: FieldLandmarkNetwork, fine: FieldLandmarkNetwork) -> None:
    """Both networks in one file; a shape model that both have is written once."""
    from safetensors.torch import save_file

    from mien.files import atomic_path

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
    with atomic_path(path) as temporary:
        save_file(tensors, temporary, metadata=metadata)


@lru_cache(maxsize=2)
def read_networks(path: Path = SHIPPED) -> NetworkPair:
    """Networks ready to be used.

    Raises:
        InputError: the file is missing or no such file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, Any] = file.metadata() or {}
            if metadata.get("format_version") != str(FORMAT_VERSION):
                raise InputError("is of another version; install mien again or export it anew", source=path)
            descriptions = json.loads(metadata["networks"])
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        networks = {}
        for name in ("coarse", "fine"):
            network = FieldLandmarkNetwork.from_description(descriptions[name])
            shared = {
                key.removeprefix("coarse."): value
                for key, value in tensors.items()
                if key.startswith("coarse.shape.")
            }
            own = {
                key.removeprefix(f"{name}."): value
                for key, value in tensors.items()
                if key.startswith(f"{name}.")
            }
            buffers = {key: value for key, value in shared.items() if key in dict(network.named_buffers())}
            network.load_state_dict(buffers | own)
            networks[name] = network.eval()
    except FileNotFoundError as error:
        raise InputError(
            "no such file of networks; train them with mien train field-landmarks "
            "(see docs/field_landmarks.md), then use FieldLandmarker(read_networks(FILE)) or "
            "--networks FILE",
            source=path,
        ) from error
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError, OSError) as error:
        raise InputError(f"is not a file of field landmark networks ({error})", source=path) from error
    return NetworkPair(networks["coarse"], networks["fine"])
