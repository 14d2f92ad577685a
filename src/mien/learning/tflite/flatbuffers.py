"""FlatBuffers, the container of TensorFlow Lite files, read with every offset checked.

Source: the description of the binary format, https://flatbuffers.dev/internals/.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

from mien.errors import InputError

ROOT_BYTES = 8
"""Offset of the root table and the four letters that name the kind of file."""


@dataclass(frozen=True)
class FlatBuffer:
    """The bytes of a file.

    Attributes:
        data: all of them.
        source: the file, for messages.
    """

    data: bytes
    source: str | Path

    def fail(self, what: str) -> NoReturn:
        """Raise an InputError that says what is wrong with the file."""
        raise InputError(f"is damaged or no such file ({what}); get it again", source=self.source)

    def number(self, form: str, position: int) -> int | float:
        """A little-endian number.

        Args:
            form: as in `struct`, for example "I".
            position: of its first byte.
        """
        if not 0 <= position <= len(self.data) - struct.calcsize(f"<{form}"):
            self.fail(f"a number at byte {position} of {len(self.data)}")
        return struct.unpack_from(f"<{form}", self.data, position)[0]

    def integer(self, form: str, position: int) -> int:
        """A little-endian whole number; see `number`."""
        return int(self.number(form, position))

    def part(self, position: int, length: int) -> bytes:
        """`length` bytes from `position` on."""
        if position < 0 or length < 0 or position + length > len(self.data):
            self.fail(f"{length} bytes at {position} of {len(self.data)}")
        return self.data[position : position + length]

    def root(self, identifier: bytes) -> FlatTable:
        """The outermost table.

        Raises:
            InputError: the file is of another kind.
        """
        if len(self.data) < ROOT_BYTES or self.data[4:8] != identifier:
            self.fail(f"expected the letters {identifier.decode()} at byte 4")
        return FlatTable(self, self.integer("I", 0))


@dataclass(frozen=True)
class FlatTable:
    """A table of a FlatBuffer. Its fields are numbered in the order of the schema; any may be absent.

    Attributes:
        buffer: the file.
        position: of the table.
    """

    buffer: FlatBuffer
    position: int

    def _field(self, index: int) -> int | None:
        """Position of a field's value, None if it is absent."""
        buffer = self.buffer
        offsets = self.position - buffer.integer("i", self.position)
        entry = 4 + 2 * index
        if entry + 2 > buffer.integer("H", offsets):
            return None
        offset = buffer.integer("H", offsets + entry)
        return self.position + offset if offset else None

    def _target(self, index: int) -> int | None:
        """Position of what a field points to."""
        place = self._field(index)
        return None if place is None else place + self.buffer.integer("I", place)

    def integer(self, index: int, form: str, default: int = 0) -> int:
        """A whole number; `form` as in `struct`."""
        place = self._field(index)
        return default if place is None else self.buffer.integer(form, place)

    def table(self, index: int) -> FlatTable | None:
        """A table inside."""
        place = self._target(index)
        return None if place is None else FlatTable(self.buffer, place)

    def tables(self, index: int) -> list[FlatTable]:
        """A vector of tables; empty if absent."""
        place = self._target(index)
        if place is None:
            return []
        count = self.buffer.integer("I", place)
        self.buffer.part(place + 4, 4 * count)
        starts = range(place + 4, place + 4 + 4 * count, 4)
        return [FlatTable(self.buffer, start + self.buffer.integer("I", start)) for start in starts]

    def numbers(self, index: int, dtype: str) -> np.ndarray:
        """A vector of numbers, for example of dtype "<i4"; empty if absent."""
        place = self._target(index)
        if place is None:
            return np.zeros(0, dtype)
        count = self.buffer.integer("I", place)
        return np.frombuffer(self.buffer.part(place + 4, count * np.dtype(dtype).itemsize), dtype)

    def content(self, index: int) -> bytes:
        """A vector of bytes; empty if absent."""
        return self.numbers(index, "u1").tobytes()

    def text(self, index: int) -> str:
        """A string; empty if absent."""
        return self.content(index).decode("utf-8", errors="replace")
