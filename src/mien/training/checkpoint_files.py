"""Checkpoint files of every training: tensors beside plain JSON, read without executing code."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import torch

from mien.errors import InputError


def write_checkpoint_file(
    path: str | Path, *, tensors: dict[str, Any], plain: dict[str, Any], format_version: int
) -> None:
    """Write under another name, then rename: an interruption leaves the previous checkpoint.

    Args:
        tensors: state dictionaries and tensors.
        plain: everything else, as JSON can hold it.
    """
    path = Path(path)
    part = path.with_name(path.name + ".part")
    torch.save(tensors | {"json": json.dumps(plain | {"format_version": format_version})}, part)
    os.replace(part, path)


def read_checkpoint_file(
    path: str | Path, *, command: str, format_version: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read a checkpoint; no code in the file is executed.

    Args:
        command: what makes such files, for the messages.

    Returns:
        The file's tensors, and its plain part without the version.

    Raises:
        InputError: the file is missing, no checkpoint, or of another version.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"no such checkpoint; make one with: {command}", source=path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        plain = json.loads(content.pop("json"))
    except (pickle.UnpicklingError, RuntimeError, KeyError, TypeError, AttributeError, EOFError) as error:
        raise InputError(f"not a checkpoint of `{command}`", source=path) from error
    if plain.pop("format_version") != format_version:
        raise InputError(
            f"made by another version of mien; this one reads format {format_version}", source=path
        )
    return content, plain
