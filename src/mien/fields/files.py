"""A field as a folder: field.json, and weights.safetensors with the weights and the packed occupancy.

The folder can be moved, holds plain data only, and loads on any device.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mien.errors import InputError
from mien.fields import require_torch
from mien.fields.config import FieldConfig
from mien.fields.grids.occupancy import Occupancy
from mien.fields.radiance_field import FieldFacts, RadianceField, TrainingFacts
from mien.fields.viewpoint import Viewpoint

FORMAT_VERSION = 2
JSON_NAME, WEIGHTS_NAME = "field.json", "weights.safetensors"
_BITS = "occupancy_bits"


def save_field(field: RadianceField, folder: str | Path) -> Path:
    """Write a field into a folder of its own, which appears only when complete; an older field is replaced.

    Raises:
        InputError: the folder holds something that is not a field, or cannot be written.
        MissingExtraError: safetensors is missing.
    """
    require_torch()
    from safetensors.torch import save_file

    from mien import __version__

    folder = Path(folder)
    if (
        folder.exists()
        and not (folder / JSON_NAME).exists()
        and (not folder.is_dir() or any(folder.iterdir()))
    ):
        raise InputError("exists and is not a field; choose another name", source=folder)
    document = {
        "format_version": FORMAT_VERSION,
        "mien_version": __version__,
        "kind": "radiance_field",
        "units": "metres; density per metre",
        "bounds_m": field.bounds_m.tolist(),
        "resolution": field.resolution,
        "occupancy_size": field.occupancy.size,
        "environment": field.environment is not None,
        "config": dataclasses.asdict(field.config),
        "viewpoint": dataclasses.asdict(field.facts.viewpoint),
        "training": _without_nan(dataclasses.asdict(field.facts.training)),
    }
    tensors = {name: value.detach().cpu().contiguous() for name, value in field.state_dict().items()}
    tensors[_BITS] = torch.from_numpy(field.occupancy.packed())
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        temporary.mkdir(parents=True, exist_ok=True)
        save_file(tensors, temporary / WEIGHTS_NAME)
        (temporary / JSON_NAME).write_text(json.dumps(document, indent=1), encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(temporary, folder)
    except OSError as error:
        raise InputError(
            f"cannot be written ({(error.strerror or 'failed').lower()}); choose another place", source=folder
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def load_field(folder: str | Path, *, device: str | torch.device = "cpu") -> RadianceField:
    """Read a field that `save_field` wrote.

    Raises:
        InputError: it is not a field, is damaged, or was written by a newer mien.
        MissingExtraError: safetensors is missing.
    """
    require_torch()
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    folder = Path(folder)
    document = read_field_json(folder)
    try:
        config = FieldConfig.from_plain(document["config"])
        tensors = load_file(folder / WEIGHTS_NAME)
        if document["format_version"] == 1:
            tensors = _respelled(tensors)
        bits = tensors.pop(_BITS).numpy()
        field = RadianceField(
            config,
            np.array(document["bounds_m"], float),
            occupancy=Occupancy.unpacked(bits, int(document["occupancy_size"])),
            resolution=int(document["resolution"]),
            environment=bool(document["environment"]),
        )
        field.load_state_dict(tensors)
        field.facts = FieldFacts(
            Viewpoint(**_as_tuples(document["viewpoint"])),
            TrainingFacts(**_with_nan(document["training"])),
        )
    except FileNotFoundError as error:
        raise InputError(f"lacks {WEIGHTS_NAME}; copy the whole folder", source=folder) from error
    except (KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise InputError(f"is damaged ({error}); copy or train it again", source=folder) from error
    return field.to(device).eval()


def read_field_json(folder: str | Path) -> dict[str, Any]:
    """What field.json says, once its version is known to be readable.

    Raises:
        InputError: as `load_field`.
    """
    path = Path(folder) / JSON_NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(
            f"is not a field: expected a folder with {JSON_NAME} and {WEIGHTS_NAME}, of mien field train",
            source=folder,
        ) from error
    except (OSError, ValueError) as error:
        raise InputError("cannot be read as JSON; copy the field again", source=path) from error
    version = document.get("format_version") if isinstance(document, dict) else None
    if not isinstance(version, int):
        raise InputError("is not a description of a field: format_version is missing", source=path)
    if version > FORMAT_VERSION:
        raise InputError(
            f"has format {version}, and this mien reads up to {FORMAT_VERSION}; update mien", source=path
        )
    if version == 1 and isinstance(document.get("config"), dict):
        document["config"] = _respelled(document["config"])
    return document


def _respelled(named: dict[str, Any]) -> dict[str, Any]:
    """Names of format 1, which said "colour" where they say "color" now."""
    return {name.replace("colour", "color"): value for name, value in named.items()}


def _as_tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def _without_nan(values: dict[str, Any]) -> dict[str, Any]:
    return {name: None if value != value else value for name, value in values.items()}


def _with_nan(values: dict[str, Any]) -> dict[str, Any]:
    return {name: float("nan") if value is None else value for name, value in values.items()}
