"""Weights from files: Live Link Face recordings, and JSON of ARKit names."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from mien.errors import InputError
from mien.geometry.rotations import matrix_from_rotation_vector, rotation_vector_from_matrix
from mien.reading.json_files import read_json
from mien.reading.regular_files import read_text

LARGEST_WEIGHT = 10.0
_ANGLES = ("HeadYaw", "HeadPitch", "HeadRoll")


def read_live_link_face(
    path: str | Path, names: tuple[str, ...]
) -> tuple[Float[np.ndarray, "frames expression"], Float[np.ndarray, "frames 3"]]:
    """(F, E) weights in the order of `names` and (F, 3) rotation vectors of the head.

    Raises:
        InputError: it is no such file, or a number is broken.
    """
    rows = list(csv.reader(io.StringIO(read_text(path))))
    if not rows or "Timecode" not in rows[0]:
        raise InputError("is no Live Link Face recording: its first line names no Timecode", source=path)
    header = {name[:1].lower() + name[1:]: column for column, name in enumerate(rows[0])}
    known = {name: header[name] for name in names if name in header}
    if len(known) < 10:
        raise InputError("is no Live Link Face recording: it names no ARKit shapes", source=path)
    frames = [row for row in rows[1:] if any(row)]
    if not frames:
        raise InputError("holds no frames", source=path)
    weights, angles = np.zeros((len(frames), len(names))), np.zeros((len(frames), 3))
    for index, row in enumerate(frames):
        for name, column in known.items():
            weights[index, names.index(name)] = _number(row, column, path, index)
        columns = [header.get(name[:1].lower() + name[1:]) for name in _ANGLES]
        if None not in columns:
            yaw, pitch, roll = (_number(row, int(column or 0), path, index) for column in columns)
            angles[index] = _rotation_vector(yaw, pitch, roll)
    return weights, angles


def is_weights_json(path: str | Path) -> bool:
    """Whether a JSON holds weights by name (a track's has a kind)."""
    document = read_json(path, what="cannot be read as JSON")
    return isinstance(document, list) or (isinstance(document, dict) and "kind" not in document)


def read_weights_json(path: str | Path, names: tuple[str, ...]) -> Float[np.ndarray, "frames expression"]:
    """(F, E) weights of {"jawOpen": 0.5, …}, or of a list of such; what is not named is 0.

    Raises:
        InputError: it holds something else.
    """
    document: Any = read_json(path, what="cannot be read as JSON")
    frames = document if isinstance(document, list) else [document]
    if not frames:
        raise InputError("holds no weights", source=path)
    out = np.zeros((len(frames), len(names)))
    for index, frame in enumerate(frames):
        if not isinstance(frame, dict):
            raise InputError('must hold {"jawOpen": 0.5, …}, or a list of such', source=path)
        for name, value in frame.items():
            if name not in names:
                raise InputError(f"names {name!r}, which is no shape of the head", source=path)
            if (
                isinstance(value, bool)
                or not isinstance(value, int | float)
                or not abs(value) <= LARGEST_WEIGHT
            ):
                raise InputError(f"has a weight {name} that is no number of a weight's size", source=path)
            out[index, names.index(name)] = value
    return out


def _number(row: list[str], column: int, path: str | Path, index: int) -> float:
    try:
        value = float(row[column])
    except (IndexError, ValueError) as error:
        raise InputError(f"has no number in column {column + 1} of frame {index + 1}", source=path) from error
    if not math.isfinite(value) or abs(value) > LARGEST_WEIGHT:
        raise InputError(f"has an impossible number in frame {index + 1}", source=path)
    return value


def _rotation_vector(yaw: float, pitch: float, roll: float) -> Float[np.ndarray, " 3"]:
    """Of R_y(yaw) R_x(pitch) R_z(roll), as mien writes such files."""
    turns = [(0.0, yaw, 0.0), (pitch, 0.0, 0.0), (0.0, 0.0, roll)]
    first, second, third = (matrix_from_rotation_vector(np.array(turn)) for turn in turns)
    return rotation_vector_from_matrix(first @ second @ third)
