"""Fields of every kind that mien saves, and TensoRF's own."""

from __future__ import annotations

from pathlib import Path

import torch

from mien.fields.files import load_field
from mien.fields.protocol import Field
from mien.fields.tensorf_file import SUFFIX as TENSORF_SUFFIX
from mien.fields.tensorf_file import read_tensorf
from mien.learning.devices import choose_device
from mien.morphable_fields.field_files import is_morphable_field, load_morphable_field
from mien.morphable_fields.making import field_of


def load_any_field(folder: str | Path, *, device: str | torch.device = "cpu") -> Field:
    """A saved radiance field, one that landmarks steer, or a checkpoint of TensoRF (.th; on the CPU).

    Raises:
        InputError: it is neither, or is damaged.
    """
    if Path(folder).suffix == TENSORF_SUFFIX:
        return read_tensorf(folder)
    if is_morphable_field(folder):
        saved = load_morphable_field(folder)
        return field_of(saved.model.to(choose_device(str(device))), saved.face)
    return load_field(folder, device=device)
