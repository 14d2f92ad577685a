"""A field as a folder: field.json, and weights.safetensors with the weights and the packed occupancy.

The folder can be moved, holds plain data only, and loads on any device.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.fields import require_torch
from mien.fields.capture_facts import CaptureFacts
from mien.fields.config import FieldConfig
from mien.fields.grids.occupancy import Occupancy
from mien.fields.radiance_field import FieldFacts, RadianceField, TrainingFacts
from mien.fields.viewpoint import Viewpoint
from mien.files import check_folder_could_be_made, new_folder, write_bytes, write_text
from mien.learning.devices import choose_device
from mien.learning.stored_tensors import check_shapes, checked_tensors
from mien.reading.array_members import ArrayMember
from mien.reading.file_values import FileValues
from mien.reading.json_files import parse_json, read_json_object
from mien.reading.regular_files import exists
from mien.reading.safetensors_files import open_safetensors
from mien.reading.settings import checked_settings

FORMAT_VERSION = 3
JSON_NAME, WEIGHTS_NAME = "field.json", "weights.safetensors"
_BITS = "occupancy_bits"
MAX_OCCUPANCY, MAX_RESOLUTION = 512, 2048
"""Cells and nodes a side."""
_RANGES: dict[str, tuple[float, float]] = {
    "resolutions": (4, MAX_RESOLUTION),
    "density_components": (1, 4096),
    "color_components": (1, 4096),
    "color_features": (1, 4096),
    "color_width": (1, 4096),
    "feature_frequencies": (0, 32),
    "direction_frequencies": (-1, 32),
    "initial_density": (0, 1e6),
    "samples_per_voxel": (0.01, 100),
    "picture_side_px": (1, 100_000),
    "upsample_at": (0, 1),
}
_SEEN_FROM: dict[str, tuple[float, float]] = {
    "up": (-1.001, 1.001),
    "front": (-1.001, 1.001),
    "distance_m": (1e-9, 1e9),
    "field_of_view_rad": (1e-4, 3.14),
}
_DESCRIPTION = "field.json"
"""Name under which the weights' file holds field.json's text."""
_SAVED_AS = "saved_as"
"""Name of a random number that both files of a field share."""


def check_field_place(folder: str | Path) -> None:
    """See, before a field is trained, that it can be written here.

    Raises:
        InputError: the folder holds something that is not a field.
        OutputError: the place takes no files.
    """
    folder = Path(folder)
    if (
        folder.exists()
        and not (folder / JSON_NAME).exists()
        and (not folder.is_dir() or any(folder.iterdir()))
    ):
        raise InputError("exists and is not a field; choose another name", source=folder)
    check_folder_could_be_made(folder)


@checked_call
def save_field(field: RadianceField, folder: str | Path) -> Path:
    """Write a field into a folder of its own, which appears only when complete.

    An older field there is replaced at one moment, in which its weights are, for they hold the description
    too; field.json follows. Other files in the folder are left alone.

    Raises:
        InputError: the folder holds something that is not a field, or cannot be written.
        MissingExtraError: safetensors is missing.
    """
    require_torch()
    from safetensors.torch import save

    from mien import __version__

    folder = Path(folder)
    check_field_place(folder)
    document = {
        "format_version": FORMAT_VERSION,
        "mien_version": __version__,
        "kind": "radiance_field",
        _SAVED_AS: secrets.token_hex(8),
        "units": "metres; density per metre",
        "bounds_m": field.bounds_m.tolist(),
        "resolution": field.resolution,
        "occupancy_size": field.occupancy.size,
        "environment": field.environment is not None,
        "surroundings": field.outer is not None,
        "config": dataclasses.asdict(field.config),
        "viewpoint": dataclasses.asdict(field.facts.viewpoint),
        "training": _without_nan(dataclasses.asdict(field.facts.training)),
    }
    if field.facts.capture is not None:
        document["capture"] = dataclasses.asdict(field.facts.capture)
    tensors = {name: value.detach().cpu().contiguous() for name, value in field.state_dict().items()}
    tensors[_BITS] = torch.from_numpy(field.occupancy.packed())
    text = json.dumps(document, indent=1)
    weights = save(tensors, metadata={_DESCRIPTION: text})
    if (folder / JSON_NAME).exists():
        write_bytes(folder / WEIGHTS_NAME, weights)
        write_text(folder / JSON_NAME, text)
    else:
        with new_folder(folder) as temporary:
            (temporary / WEIGHTS_NAME).write_bytes(weights)
            (temporary / JSON_NAME).write_text(text, encoding="utf-8")
    return folder


@checked_call
def load_field(folder: str | Path, *, device: str | torch.device = "cpu") -> RadianceField:
    """Read a field that `save_field` wrote.

    Raises:
        InputError: it is not a field, is damaged, or was written by a newer mien; or there is no such device.
        MissingExtraError: safetensors is missing.
    """
    require_torch()
    folder = Path(folder)
    document = _read_description(folder)
    with open_safetensors(
        folder / WEIGHTS_NAME,
        what="is damaged and holds no weights of a field; copy or train it again",
        missing="is missing; copy the whole folder of the field",
    ) as file:
        document = _of_these_weights(document, file.metadata)
        members = _respelled(file.members) if document["format_version"] == 1 else dict(file.members)
        return _field(document, members, folder).to(choose_device(str(device))).eval()


def _field(document: dict[str, Any], members: dict[str, ArrayMember], folder: Path) -> RadianceField:
    values = FileValues(document, source=folder / JSON_NAME, remedy="copy or train the field again")
    config = checked_settings(
        FieldConfig, document.get("config"), source=values.source, what="config", ranges=_RANGES
    )
    bounds_m = values.array("bounds_m", "2 3", low=-1e6, high=1e6)
    if (bounds_m[1] - bounds_m[0] < 1e-6).any():
        raise values.damaged("bounds_m must be the lower and the upper corner of a box")
    size = values.integer("occupancy_size", low=1, high=MAX_OCCUPANCY)
    resolution = values.integer("resolution", low=2, high=MAX_RESOLUTION)
    environment = values.flag("environment")
    surroundings = "surroundings" in document and values.flag("surroundings")
    bits = members.pop(_BITS, None)
    if bits is None or bits.shape != (-(-(size**3) // 8),) or bits.dtype != np.uint8:
        raise values.damaged(f"the weights hold no occupancy of {size}³ cells")
    cells = Occupancy.unpacked(bits.read(), size)

    def make() -> RadianceField:
        return RadianceField(
            config,
            bounds_m,
            occupancy=cells,
            resolution=resolution,
            environment=environment,
            surroundings=surroundings,
        )

    shapes = {name: member.shape for name, member in members.items()}
    check_shapes(make, shapes, source=folder / WEIGHTS_NAME)
    field = make()
    field.load_state_dict(checked_tensors(members, source=folder / WEIGHTS_NAME))
    field.facts = FieldFacts(
        checked_settings(
            Viewpoint, document.get("viewpoint"), source=values.source, what="viewpoint", ranges=_SEEN_FROM
        ),
        _training_facts(document.get("training"), values.source),
        _capture_facts(document["capture"], values) if "capture" in document else None,
    )
    if abs(field.bounds_m - bounds_m).max() > 1e-3 * np.abs(bounds_m).max():
        raise values.damaged("its weights are of another box than bounds_m")
    return field


def _capture_facts(capture: object, values: FileValues) -> CaptureFacts:
    facts = checked_settings(CaptureFacts, capture, source=values.source, what="capture")
    for numbers, count in ((facts.world_from_head, 12), (facts.photographed_m, 3 * 68)):
        if len(numbers) not in (0, count) or not np.isfinite(numbers).all():
            raise values.damaged(f"its capture has {len(numbers)} numbers in place of {count}")
    return facts


def _training_facts(training: object, source: str | Path) -> TrainingFacts:
    if isinstance(training, dict) and "psnr_db" in training and training["psnr_db"] is None:
        training = {name: value for name, value in training.items() if name != "psnr_db"}  # not known
    return checked_settings(TrainingFacts, training, source=source, what="training")


def read_field_json(folder: str | Path) -> dict[str, Any]:
    """What field.json says, once its version is known to be readable.

    Raises:
        InputError: as `load_field`.
    """
    document = _read_description(Path(folder))
    try:
        with open_safetensors(Path(folder) / WEIGHTS_NAME, what="is damaged", missing="is missing") as file:
            return _of_these_weights(document, file.metadata)
    except InputError:  # `load_field` says it
        return document


def _read_description(folder: Path) -> dict[str, Any]:
    path = folder / JSON_NAME
    if not exists(path):
        raise InputError(
            f"is not a field: expected a folder with {JSON_NAME} and {WEIGHTS_NAME}, of mien field train",
            source=folder,
        )
    document = read_json_object(path, what="cannot be read as JSON; copy the field again")
    version = document.get("format_version")
    if type(version) is not int or version < 1:
        raise InputError("is not a description of a field: format_version is missing", source=path)
    if version > FORMAT_VERSION:
        raise InputError(
            f"has format {version}, and this mien reads up to {FORMAT_VERSION}; update mien", source=path
        )
    if version == 1 and isinstance(document.get("config"), dict):
        document["config"] = _respelled(document["config"])
    return document


def _of_these_weights(document: dict[str, Any], metadata: dict[str, str]) -> dict[str, Any]:
    """What field.json says; where saving was interrupted before it was written, what it would have said."""
    if _SAVED_AS not in document or _DESCRIPTION not in metadata:
        return document
    try:
        described = parse_json(metadata[_DESCRIPTION], source=WEIGHTS_NAME, what="is damaged")
    except InputError:
        return document
    if not isinstance(described, dict) or described.get("format_version") not in (2, FORMAT_VERSION):
        return document
    newer = isinstance(described.get(_SAVED_AS), str) and described[_SAVED_AS] != document[_SAVED_AS]
    return described if newer else document


def _respelled(named: dict[str, Any]) -> dict[str, Any]:
    """Names of format 1, which said "colour" where they say "color" now."""
    return {name.replace("colour", "color"): value for name, value in named.items()}


def _without_nan(values: dict[str, Any]) -> dict[str, Any]:
    return {name: None if value != value else value for name, value in values.items()}
