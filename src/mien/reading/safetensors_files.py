"""The `.safetensors` format: a length, JSON with types, shapes and places, and numbers."""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import numpy as np

from mien.errors import InputError
from mien.reading.array_members import ArrayMember, bytes_of
from mien.reading.damage import damage_named
from mien.reading.json_files import parse_json
from mien.reading.regular_files import check_regular

_MAX_HEADER_BYTES = 10_000_000
_TYPES = {
    "BOOL": "?", "U8": "u1", "I8": "i1", "I16": "<i2", "I32": "<i4", "I64": "<i8",
    "F16": "<f2", "F32": "<f4", "F64": "<f8",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class TensorFile:
    """An open file.

    Attributes:
        members: arrays by name.
        metadata: texts by name.
    """

    members: dict[str, ArrayMember]
    metadata: dict[str, str]


@contextmanager
def open_safetensors(path: str | Path, *, what: str, missing: str) -> Iterator[TensorFile]:
    """A `.safetensors` file; whatever goes wrong inside the block is an `InputError` that says `what`.

    Args:
        what: what the file is not, and what to do.
        missing: what to say when there is nothing.

    Raises:
        InputError: as said.
    """
    check_regular(path, missing=missing)
    with damage_named(path, what), open(path, "rb") as stream:
        size = os.fstat(stream.fileno()).st_size  # of this one: the file may be replaced meanwhile
        yield _opened(stream, size, path, what)


def _opened(stream: BufferedIOBase, size: int, path: str | Path, what: str) -> TensorFile:
    (length,) = struct.unpack("<Q", stream.read(8))
    if length > min(size - 8, _MAX_HEADER_BYTES):
        raise InputError(f"{what}: its header is longer than the file", source=path)
    header = parse_json(stream.read(length).decode("utf-8"), source=path, what=what)
    if not isinstance(header, dict):
        raise InputError(what, source=path)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise InputError(f"{what}: its metadata are no texts", source=path)
    start, members, end = 8 + length, {}, 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        members[name], end = _member(stream, entry, start, end, f"{path}: {name}")
    if end != size - start:
        raise InputError(f"{what}: it has {size - start} bytes of numbers where {end} belong", source=path)
    return TensorFile(members, metadata)


def _member(
    stream: BufferedIOBase, entry: dict[str, Any], start: int, end: int, source: str
) -> tuple[ArrayMember, int]:
    if entry["dtype"] not in _TYPES:
        raise InputError(f"has the type {entry['dtype']!r}, which is not read", source=source)
    dtype = np.dtype(_TYPES[entry["dtype"]])
    shape, places = tuple(entry["shape"]), entry["data_offsets"]
    if any(type(value) is not int or value < 0 for value in (*shape, *places)) or len(places) != 2:
        raise InputError("has a damaged shape or place", source=source)
    size = bytes_of(shape, dtype, source=source)
    if places[0] != end or places[1] - places[0] != size:  # they lie one after the other
        raise InputError(f"has the wrong place for {size} bytes of numbers", source=source)

    def read() -> np.ndarray:
        stream.seek(start + places[0])
        content = stream.read(size)
        if len(content) != size:
            raise InputError("was cut short; copy the file again", source=source)
        return np.frombuffer(bytearray(content), dtype, count=math.prod(shape)).reshape(shape)

    return ArrayMember(shape, dtype, read), places[1]
