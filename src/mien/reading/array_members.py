"""Arrays in files, known by shape and type before they are read."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.errors import InputError

MAX_ARRAY_BYTES = 4_000_000_000
"""The largest array that is read: FaceScape's core has 1.6 GB."""
MAX_DIMENSIONS = 8

PLAIN_TYPES = {
    "b1": np.dtype(np.bool_),
    **{f"{kind}{size}": np.dtype(f"{kind}{size}") for kind in "iu" for size in (1, 2, 4, 8)},
    **{f"f{size}": np.dtype(f"f{size}") for size in (2, 4, 8)},
}
"""All types that arrays in files may have, beside text: nothing that refers to objects."""
MAX_TEXT_LENGTH = 50_000_000


def plain_dtype(name: str) -> np.dtype | None:
    """The type that a name like "<f4" or "|S5" stands for; None if it is not one of plain numbers or text."""
    order, rest = (name[0], name[1:]) if name[:1] in ("<", ">", "|", "=") else ("=", name)
    if rest in PLAIN_TYPES:
        return PLAIN_TYPES[rest].newbyteorder(order)
    if rest[:1] in ("U", "S") and rest[1:].isascii() and rest[1:].isdigit() and len(rest) < 10:
        length = int(rest[1:])
        return np.dtype((f"{order}{rest[0]}", length)) if length <= MAX_TEXT_LENGTH else None
    return None


def bytes_of(shape: tuple[int, ...], dtype: np.dtype, *, source: str | Path) -> int:
    """Bytes that an array takes.

    Raises:
        InputError: it has too many dimensions, or is larger than any array that is read.
    """
    size = math.prod(shape) * dtype.itemsize
    if len(shape) > MAX_DIMENSIONS or any(length < 0 for length in shape):
        raise InputError(f"claims an array of the shape {_short(shape)}", source=source)
    # With a length of 0 the others may claim anything.
    if size > MAX_ARRAY_BYTES or any(length > MAX_ARRAY_BYTES for length in shape):
        raise InputError(
            f"claims an array of the shape {_short(shape)}, more than {MAX_ARRAY_BYTES / 1e9:.0f} GB",
            source=source,
        )
    return size


@dataclass(frozen=True, eq=False)
class ArrayMember:
    """An array that lies in a file.

    Attributes:
        shape, dtype: as the file claims; the claim has been held against the file's size.
        read: gives the array, writeable and in the machine's own order of bytes.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    read: Callable[[], np.ndarray]


def _short(shape: tuple[int, ...]) -> str:
    shown = " × ".join(str(length) if length < 10**15 else f"{float(length):.0e}" for length in shape[:8])
    return shown + (" …" if len(shape) > 8 else "")
