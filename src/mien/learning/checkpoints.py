"""Checkpoint files of every training: tensors beside plain JSON, read without executing code."""

from __future__ import annotations

import json
import pickle
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

import torch

from mien.errors import InputError
from mien.files import atomic_path

_FORMAT_VERSION = 1


@dataclass(frozen=True)
class TrainingCheckpoint:
    """A training at one moment: everything that it needs to go on.

    Attributes:
        network_config: architecture, a dataclass.
        step: steps done.
        elapsed_s: training time so far, seconds.
        training: the training's settings, as plain data, for the record.
        figures: latest validation figures, perhaps empty.
        network, average, optimiser: state dictionaries of the network, its running average, the optimiser.
        average_updates: number of updates of the running average.
    """

    network_config: Any
    step: int
    elapsed_s: float
    training: dict
    figures: dict
    network: dict
    average: dict
    optimiser: dict
    average_updates: int

    tensor_fields: ClassVar[tuple[str, ...]] = ("network", "average", "optimiser")
    """Fields that are stored as tensors; the others are plain data."""

    def save(self, path: str | Path) -> None:
        """Write the checkpoint in one step."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        tensors = {name: values.pop(name) for name in self.tensor_fields}
        plain = values | {"network_config": asdict(self.network_config)}
        write_checkpoint_file(path, tensors=tensors, plain=plain, format_version=_FORMAT_VERSION)


def read_training(path: str | Path, kind: type[TrainingCheckpoint], *, command: str) -> dict[str, Any]:
    """The fields of a kind of checkpoint; `network_config` is a dictionary still.

    Raises:
        InputError: it is a checkpoint of another kind of training, or see `read_checkpoint_file`.
    """
    tensors, plain = read_checkpoint_file(path, command=command, format_version=_FORMAT_VERSION)
    values = tensors | plain
    known = {entry.name: entry.default_factory is MISSING for entry in fields(kind)}
    if not {name for name, needed in known.items() if needed} <= values.keys() <= known.keys():
        raise InputError(f"a checkpoint, but not of `{command}`", source=path)
    return values


def write_checkpoint_file(
    path: str | Path, *, tensors: dict[str, Any], plain: dict[str, Any], format_version: int
) -> None:
    """Write under another name, then rename: an interruption leaves the previous checkpoint.

    Args:
        tensors: state dictionaries and tensors.
        plain: everything else, as JSON can hold it.
    """
    with atomic_path(path) as part:
        torch.save(tensors | {"json": json.dumps(plain | {"format_version": format_version})}, part)


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
