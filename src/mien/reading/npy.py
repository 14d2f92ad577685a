"""NumPy's `.npy` files, read without evaluating their header and without objects."""

from __future__ import annotations

import io
import re
import struct
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from mien.errors import InputError
from mien.reading.array_members import bytes_of, plain_dtype
from mien.reading.damage import damage_named
from mien.reading.regular_files import check_regular

_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 10_000
_HEADER = re.compile(
    r"\s*\{\s*'descr'\s*:\s*'(?P<type>[^']{1,20})'\s*,\s*'fortran_order'\s*:\s*(?P<order>True|False)\s*,"
    r"\s*'shape'\s*:\s*\((?P<shape>[0-9,\s]{0,400})\)\s*,?\s*\}\s*"
)
_PIECE_BYTES = 1 << 20


@runtime_checkable
class Readable(Protocol):
    """What bytes are read from: an open file, or a member of an archive."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes."""
        ...


def skip_npy_header(stream: Readable, *, source: str | Path) -> tuple[bytes, int]:
    """Read the beginning of an `.npy` stream, which then stands at its content.

    Returns:
        The header and the number of bytes that were read.

    Raises:
        InputError: it is no such stream.
    """
    start = stream.read(8)
    if start[:6] != _MAGIC or len(start) < 8 or start[6] not in (1, 2, 3):
        raise InputError("is no array of NumPy (.npy)", source=source)
    wide = start[6] > 1
    raw_length = stream.read(4 if wide else 2)
    if len(raw_length) != (4 if wide else 2):
        raise InputError("is an array of NumPy that was cut short", source=source)
    (length,) = struct.unpack("<I" if wide else "<H", raw_length)
    if length > _LONGEST_HEADER:
        raise InputError("is an array of NumPy with a damaged header", source=source)
    return stream.read(length), 8 + len(raw_length) + length


def read_npy_header(stream: Readable, *, source: str | Path) -> tuple[tuple[int, ...], np.dtype, bool, int]:
    """The beginning of an `.npy` stream of plain numbers or text, which then stands at these.

    Returns:
        Shape, type, whether the first index runs fastest, and the number of bytes that were read.

    Raises:
        InputError: it is no such stream, or holds objects or records.
    """
    header, used = skip_npy_header(stream, source=source)
    found = _HEADER.fullmatch(header.decode("latin1"))
    if found is None:
        raise InputError("is an array of NumPy with a damaged header, or one of records", source=source)
    dtype = plain_dtype(found["type"])
    if dtype is None:
        raise InputError(
            f"is an array of the type {found['type']!r}; mien reads plain numbers and text alone",
            source=source,
        )
    sizes = [size.strip() for size in found["shape"].split(",")]
    try:
        shape = tuple(int(size) for size in sizes if size)
    except ValueError as error:
        raise InputError("is an array of NumPy with a damaged shape", source=source) from error
    bytes_of(shape, dtype, source=source)
    return shape, dtype, found["order"] == "True", used


def read_npy_stream(stream: Readable, *, available_bytes: int, source: str | Path) -> np.ndarray:
    """An array from a stream.

    Args:
        available_bytes: of the stream from here on; a claim beyond it is refused before memory is taken.

    Raises:
        InputError: as `read_npy_header`, or there are fewer numbers than claimed.
    """
    shape, dtype, first_fastest, used = read_npy_header(stream, source=source)
    size = bytes_of(shape, dtype, source=source)
    if size > available_bytes - used:
        raise InputError(
            f"claims {size} bytes of numbers and has {max(available_bytes - used, 0)}; copy it again",
            source=source,
        )
    raw = np.empty(size, np.uint8)
    view, place = raw.data, 0
    while place < size:
        piece = stream.read(min(_PIECE_BYTES, size - place))
        if not piece:
            raise InputError("ends before its numbers do; copy it again", source=source)
        view[place : place + len(piece)] = piece
        place += len(piece)
    if 0 in shape or dtype.itemsize == 0:
        return np.zeros(shape, dtype)
    values = raw.view(dtype).reshape(shape, order="F" if first_fastest else "C")
    return values.astype(dtype.newbyteorder("="), copy=False)


def array_in_memory(content: bytes, *, source: str | Path) -> np.ndarray:
    """The array in the bytes of an `.npy` file.

    Raises:
        InputError: as `read_npy_stream`.
    """
    return read_npy_stream(io.BytesIO(content), available_bytes=len(content), source=source)


def read_npy(path: str | Path) -> np.ndarray:
    """The array in an `.npy` file.

    Raises:
        InputError: the file is missing, no ordinary file, or holds no array of plain numbers or text.
    """
    size = check_regular(path)
    with damage_named(path, "is no array of NumPy (.npy)"), open(path, "rb") as stream:
        return read_npy_stream(stream, available_bytes=size, source=path)
