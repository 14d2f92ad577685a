"""The file of a trained morphable model: safetensors with half-precision weights, and a card beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

from mien.errors import InputError
from mien.learning.stored_tensors import check_shapes, checked_tensors
from mien.morphable_fields.config import CodeNetworkConfig, SurfaceNetworkConfig
from mien.morphable_fields.models import CodeModel, MorphableModel, SurfaceModel, make_model
from mien.reading.array_members import ArrayMember
from mien.reading.json_files import parse_json
from mien.reading.safetensors_files import open_safetensors
from mien.reading.settings import checked_settings

FORMAT_VERSION = 1
SHIPPED = Path(__file__).parent / "data" / "morphable_field.safetensors"
_WHAT = "is not a file of a morphable model"
_RANGES: dict[str, tuple[float, float]] = {
    "plane_size": (1, 4096), "plane_channels": (1, 1024), "texture_code": (1, 4096), "width": (1, 8192),
    "layers": (1, 64), "coarse_depth": (7, 64), "coarse_width": (2, 8192), "fine_depth": (7, 64),
    "fine_width": (2, 8192), "shape_channels": (1, 1024), "expression_channels": (1, 1024),
    "texture_channels": (1, 4096), "texture_width": (1, 1024), "texture_size": (8, 4096),
}  # fmt: skip


def model_description(model: MorphableModel) -> dict[str, Any]:
    """Kind and settings, as JSON holds them."""
    settings: Any = model.config
    return {"model": model.kind, "settings": asdict(settings)}


def model_tensors(model: MorphableModel) -> dict[str, torch.Tensor]:
    """Weights in half precision."""
    return {name: value.detach().cpu().half().contiguous() for name, value in model.state_dict().items()}


def write_model(model: MorphableModel, path: str | Path) -> Path:
    """Write a model to a file.

    Raises:
        OutputError: the place takes no files.
    """
    from safetensors.torch import save

    from mien.files import write_bytes

    path = Path(path)
    metadata = {"format_version": str(FORMAT_VERSION), "model": json.dumps(model_description(model))}
    write_bytes(path, save(model_tensors(model), metadata=metadata))
    return path


@lru_cache(maxsize=2)
def read_model(path: Path = SHIPPED) -> MorphableModel:
    """A model ready to make fields, on the CPU.

    Raises:
        InputError: the file is missing, damaged or of another version.
    """
    missing = "no such model; train one with mien train morphable-field (docs/morphable_field.md)"
    with open_safetensors(path, what=_WHAT, missing=missing) as file:
        if file.metadata.get("format_version") != str(FORMAT_VERSION):
            raise InputError("is of another version; install mien again or export it anew", source=path)
        description = parse_json(file.metadata.get("model", ""), source=path, what=_WHAT)
        return model_of(description, file.members, source=path)


def model_of(
    description: object, members: Mapping[str, ArrayMember], *, source: str | Path
) -> MorphableModel:
    """A model from its description and stored weights.

    Raises:
        InputError: they contradict each other.
    """
    kind, config = checked_model_settings(description, source=source)
    check_shapes(
        lambda: make_model(kind, asdict(config)),
        {name: member.shape for name, member in members.items()},
        source=source,
    )
    model = make_model(kind, asdict(config))
    tensors = checked_tensors(members, source=source)
    model.load_state_dict({name: value.float() for name, value in tensors.items()})
    return model.eval()


def checked_model_settings(description: object, *, source: str | Path) -> tuple[str, Any]:
    """Kind and settings of a model, as JSON holds them.

    Raises:
        InputError: there is no such kind, or settings are missing or out of range.
    """
    kinds: dict[str, Any] = {SurfaceModel.kind: SurfaceNetworkConfig, CodeModel.kind: CodeNetworkConfig}
    kind = description.get("model") if isinstance(description, dict) else None
    if not isinstance(description, dict) or not isinstance(kind, str) or kind not in kinds:
        raise InputError(f"{_WHAT}: its kind is {kind!r}", source=source)
    settings = description.get("settings")
    return kind, checked_settings(kinds[kind], settings, source=source, what="settings", ranges=_RANGES)
