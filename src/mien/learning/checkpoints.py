"""Checkpoints of every training: tensors beside plain JSON, read without executing code."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from mien.errors import InputError
from mien.files import atomic_path, check_folder_place, remove_stale
from mien.learning.stored_tensors import check_shapes
from mien.learning.torch_archive import read_torch_archive
from mien.reading.damage import damage_named
from mien.reading.file_values import FileValues
from mien.reading.json_files import parse_json
from mien.reading.regular_files import check_regular

N = TypeVar("N", bound=nn.Module)

FORMAT_VERSION = 2
CHECKPOINT_NAME = "checkpoint.pt"
_OTHER = "does not hold what this training keeps; copy it again, or train anew"
_OBJECTS = ("settings", "figures", "plain")


@dataclass(frozen=True)
class Checkpoint:
    """A training at one moment: everything that it needs to go on.

    Attributes:
        kind: what is trained: "landmarks", "search", "field-landmarks", "field" …
        step: steps done.
        samples: samples presented so far.
        elapsed_s: training time so far, seconds.
        settings: options of the training by name, for the record.
        figures: latest validation figures by what they were measured on, perhaps empty.
        plain: what else this kind of training keeps, as JSON can hold it.
        tensors: state dictionaries and tensors: "network" and "optimiser", mostly "average", and what else
            this kind of training keeps.
        source: the file that it was read from, for messages.
    """

    kind: str
    step: int
    samples: int
    elapsed_s: float
    settings: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, dict[str, float]] = field(default_factory=dict)
    plain: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, Any] = field(default_factory=dict)
    source: str = field(default="the checkpoint", compare=False)

    def save(self, path: str | Path) -> None:
        """Write under another name, then rename: an interruption leaves the previous checkpoint."""
        values = {name: value for name, value in vars(self).items() if name not in ("tensors", "source")}
        text = json.dumps({"format_version": FORMAT_VERSION, **values})
        with atomic_path(path) as part:
            torch.save({"json": text, "tensors": self.tensors}, part)


def read_checkpoint(path: str | Path, *, kind: str, command: str) -> Checkpoint:
    """Read a checkpoint; no code in the file is executed.

    Args:
        kind: what it must be of.
        command: what makes such files, for the messages.

    Raises:
        InputError: the file is missing, no checkpoint, damaged, of another kind of training, or written by
            another version of mien.
    """
    path = Path(path)
    check_regular(path, missing=f"no such checkpoint; make one with: {command}")
    damaged = f"not a checkpoint of `{command}`, or a damaged one; copy it again, or train anew"
    content = read_torch_archive(path, what=damaged)
    if not isinstance(content, dict) or not isinstance(content.get("json"), str):
        raise InputError(damaged, source=path)
    document = parse_json(content["json"], source=path, what=damaged)
    if not isinstance(document, dict) or type(document.get("format_version")) is not int:
        raise InputError(damaged, source=path)
    version = document["format_version"]
    if version > FORMAT_VERSION:
        raise InputError(
            f"has format {version}, and this mien reads format {FORMAT_VERSION}; update mien", source=path
        )
    if version < FORMAT_VERSION:
        raise InputError(
            f"has format {version} of an earlier mien, and this one reads format {FORMAT_VERSION} alone; "
            f"train anew with: {command}",
            source=path,
        )
    values = FileValues(document, source=path, remedy="copy it again, or train anew")
    for name in _OBJECTS:
        values.inner(name)
    if not isinstance(content.get("tensors"), dict):
        raise values.damaged("tensors are missing")
    checkpoint = Checkpoint(
        kind=values.text("kind"),
        step=values.integer("step", high=2**60),
        samples=values.integer("samples", high=2**60),
        elapsed_s=values.number("elapsed_s", low=0.0),
        **{name: document[name] for name in _OBJECTS},
        tensors=content["tensors"],
        source=str(path),
    )
    if checkpoint.kind != kind:
        raise InputError(
            f"is a checkpoint of another training ({checkpoint.kind}), not of `{command}`", source=path
        )
    return checkpoint


def averaged(checkpoint: Checkpoint, make: Callable[[], N]) -> N:
    """A network with a checkpoint's averaged weights, ready to answer.

    Args:
        make: makes it by what the checkpoint says; whatever fails there is the checkpoint's damage.

    Raises:
        InputError: it holds no such network, or weights of other shapes.
    """
    with damage_named(checkpoint.source, _OTHER):
        weights = checkpoint.tensors["average"]
        check_shapes(make, {name: tuple(v.shape) for name, v in weights.items()}, source=checkpoint.source)
        network = make()
        network.load_state_dict(weights)
        return network.eval()


def training_folder(out: str | Path, *, resume: bool) -> Path:
    """Make the folder of a training, and clear away what a killed one left half written.

    Raises:
        InputError: it holds a checkpoint that nobody asked to resume, or cannot be made.
    """
    out = Path(out)
    check_folder_place(out)
    path = out / CHECKPOINT_NAME
    if path.exists() and not resume:
        raise InputError("holds a checkpoint already; add --resume or choose another folder", source=out)
    remove_stale(out)
    for left in out.glob(f".{path.stem}.[0-9]*.part{path.suffix}"):  # of mien before 0.3
        left.unlink(missing_ok=True)
    return out
