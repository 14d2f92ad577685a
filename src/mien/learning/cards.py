"""Cards: what a user of a network's weights should know, as JSON beside them."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mien.files import write_text
from mien.landmarks.networks import CARD_FORMAT_VERSION
from mien.learning.checkpoints import Checkpoint
from mien.reading.json_files import read_json_object


def write_card(
    path: str | Path,
    checkpoint: Checkpoint,
    *,
    name: str,
    command: str,
    training_data: dict[str, Any],
    figures: dict[str, Any],
    **entries: Any,
) -> None:
    """Write a card.

    Args:
        path: `NAME.card.json`.
        checkpoint: where the weights come from.
        name: of the network, for example "realtime".
        command: the command line that trained it.
        training_data: what kind of pictures, their manifests, how many.
        figures: measured on the exported file; those of the last validation are put before them.
        entries: what a user's code must know of this kind of network.
    """
    from mien import __version__

    record = {**checkpoint.settings, "steps": checkpoint.step, "minutes": checkpoint.elapsed_s / 60}
    card = {
        "format_version": CARD_FORMAT_VERSION,
        "name": name,
        **entries,
        "mien_version": __version__,
        "training_data": training_data,
        "seed": checkpoint.settings["seed"],
        "command": command,
        "training": record,
        "figures": {"synthetic_validation": checkpoint.figures, **figures},
        "licence": "Apache-2.0",
        "date": datetime.date.today().isoformat(),
    }
    _write(Path(path), card)


def write_converted_card(
    path: str | Path,
    *,
    name: str,
    command: str,
    source: dict[str, Any],
    licence: str,
    figures: dict[str, Any],
    **entries: Any,
) -> None:
    """Write the card of a network that others trained and that was only brought into another form.

    Args:
        path: `NAME.card.json`.
        name: of the network.
        command: the command line that made the file.
        source: whose it is, where it comes from and what was changed.
        licence: of the weights, as an SPDX name.
        figures: measured on the file.
        entries: what a user's code must know of this kind of network.
    """
    from mien import __version__

    card = {
        "format_version": CARD_FORMAT_VERSION,
        "name": name,
        **entries,
        "mien_version": __version__,
        "source": source,
        "command": command,
        "figures": figures,
        "licence": licence,
        "date": datetime.date.today().isoformat(),
    }
    _write(Path(path), card)


def add_to_card(path: Path, **entries: Any) -> None:
    """Add entries to a card, or replace them."""
    _write(path, read_json_object(path) | entries)


def _write(path: Path, values: dict[str, Any]) -> None:
    write_text(path, json.dumps(values, indent=2, ensure_ascii=False) + "\n")


def read_manifests(directories: Sequence[str | Path]) -> list[dict]:
    """The manifests of data folders, where they have one, without machine paths."""
    manifests = []
    for directory in map(Path, directories):
        path = directory / "manifest.json"
        manifests.append(read_json_object(path) if path.is_file() else {"name": directory.name})
    return manifests


def length_option(settings: dict[str, Any]) -> str:
    """The option that gives a training its length, from a checkpoint's settings."""
    if settings["max_steps"] is not None:
        return f"--max-steps {settings['max_steps']}"
    return f"--max-minutes {settings['max_minutes']:g}"
