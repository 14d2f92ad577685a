"""A morphable field as a folder: what steers it, its texture, and the model that makes it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.fields import require_torch
from mien.fields.files import JSON_NAME, WEIGHTS_NAME, check_field_place
from mien.fields.protocol import Field
from mien.files import new_folder, write_bytes, write_text
from mien.heads.library import load_head
from mien.morphable_fields.face import MorphableFace
from mien.morphable_fields.making import field_of
from mien.morphable_fields.model_files import model_description, model_of, model_tensors, read_model
from mien.morphable_fields.models import MorphableModel
from mien.reading.array_members import ArrayMember
from mien.reading.file_values import FileValues
from mien.reading.json_files import parse_json, read_json_object
from mien.reading.safetensors_files import open_safetensors

FORMAT_VERSION = 2
"""1 had nothing held back."""
KIND = "morphable_field"
_DESCRIPTION = "field.json"
_TEXTURE = "texture"
_HELD = "held_m"
_MODEL = "model."
LARGEST_TEXTURE = 4096


@dataclasses.dataclass(frozen=True, eq=False)
class SavedMorphableField:
    """What such a folder holds.

    Attributes:
        face: what is shown; model: what makes a field of it.
    """

    face: MorphableFace
    model: MorphableModel

    def field(self) -> Field:
        """The radiance field."""
        return field_of(self.model, self.face)


@checked_call
def morphable_field(face: MorphableFace, model: MorphableModel | None = None) -> Field:
    """The radiance field of a face.

    Args:
        face: what it shows.
        model: the shipped one when None.

    Raises:
        MissingExtraError: torch is missing.
    """
    require_torch()
    return field_of(model or read_model(), face)


def is_morphable_field(folder: str | Path) -> bool:
    """Whether a folder holds one, by its field.json."""
    path = Path(folder) / JSON_NAME
    if not path.is_file():
        return False
    return read_json_object(path, what="cannot be read as JSON; copy the field again").get("kind") == KIND


@checked_call
def save_morphable_field(
    face: MorphableFace, folder: str | Path, *, model: MorphableModel | None = None
) -> Path:
    """Write a face and its model into a folder of its own, which appears only when complete.

    Args:
        face: what is shown.
        folder: to write.
        model: the shipped one when None.

    Raises:
        InputError: the folder holds something that is not a field.
        OutputError: the place takes no files.
    """
    require_torch()
    from safetensors.torch import save

    from mien import __version__

    folder, model = Path(folder), model or read_model()
    check_field_place(folder)
    head = load_head()
    document = {
        "format_version": FORMAT_VERSION,
        "mien_version": __version__,
        "kind": KIND,
        "units": "metres in the head's frame; density per metre",
        "head_name": head.name,
        "head_version": head.version,
        **model_description(model),
        "identity": face.identity.tolist(),
        "expression": face.expression.tolist(),
        "residual_m": face.residual_m.tolist(),
        "landmarks_m": face.landmarks_m.tolist(),
    }
    text = json.dumps(document, indent=1)
    tensors = {_MODEL + name: value for name, value in model_tensors(model).items()}
    tensors[_TEXTURE] = torch.from_numpy(np.ascontiguousarray(face.texture))
    if face.held_m is not None:
        tensors[_HELD] = torch.from_numpy(face.held_m.astype(np.float32))
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
def load_morphable_field(folder: str | Path) -> SavedMorphableField:
    """Read what `save_morphable_field` wrote, on the CPU.

    Args:
        folder: that it was written to.

    Raises:
        InputError: it is no morphable field, is damaged, or was written for another head or by a newer mien.
    """
    require_torch()
    folder = Path(folder)
    damaged, missing = "is damaged; copy the whole folder again", "is missing; copy the whole folder"
    with open_safetensors(folder / WEIGHTS_NAME, what=damaged, missing=missing) as file:
        document = parse_json(file.metadata.get(_DESCRIPTION, ""), source=folder, what=damaged)
        if not isinstance(document, dict) or document.get("kind") != KIND:
            raise InputError("is no morphable field; make one with mien field edit", source=folder)
        if document.get("format_version") not in range(1, FORMAT_VERSION + 1):
            raise InputError("was written by a newer mien; update mien", source=folder)
        members = dict(file.members)
        texture, held = members.pop(_TEXTURE, None), members.pop(_HELD, None)
        own = {name.removeprefix(_MODEL): member for name, member in members.items()}
        face = _face(document, texture, held, folder)
        return SavedMorphableField(face, model_of(document, own, source=folder))


def _face(
    document: dict[str, Any], texture: ArrayMember | None, held: ArrayMember | None, folder: Path
) -> MorphableFace:
    head, values = load_head(), FileValues(document, source=folder / JSON_NAME, remedy="copy the field again")
    if not head.takes_parameters_of(values.text("head_name"), values.text("head_version")):
        raise InputError(f"was made for another head than {head.name} {head.version}", source=folder)
    if texture is None or texture.dtype != np.uint8 or texture.shape[2:] != (3,):
        raise values.damaged("it has no texture of three bytes a texel")
    if texture.shape[0] != texture.shape[1] or not 8 <= texture.shape[0] <= LARGEST_TEXTURE:
        raise values.damaged(f"its texture is no square of 8 to {LARGEST_TEXTURE} texels")
    held_m = None
    if held is not None:
        if held.dtype != np.float32 or held.shape != (head.vertex_count, 3):
            raise values.damaged("what it holds back is no way of every vertex")
        held_m = held.read().astype(float)
        if not (np.abs(held_m) < 0.5).all():
            raise values.damaged("what it holds back is no way of a face")
    return MorphableFace(
        texture=texture.read(),
        identity=values.array("identity", str(head.identity_count), low=-100, high=100),
        expression=values.array("expression", str(head.expression_count), low=-10, high=10),
        residual_m=values.array("residual_m", "68 3", low=-0.5, high=0.5),
        held_m=held_m,
    )
