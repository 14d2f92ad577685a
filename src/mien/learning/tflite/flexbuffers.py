"""FlexBuffers, in which operators of one's own keep their options in a TensorFlow Lite file.

Source: the description of the binary format, https://flatbuffers.dev/flatbuffers_internals/#flexbuffers.
"""

from __future__ import annotations

from pathlib import Path

from mien.learning.tflite.flatbuffers import FlatBuffer

Value = int | float | str | list | dict | None
INT, UINT, FLOAT, KEY, STRING = 1, 2, 3, 4, 5
MAP, VECTOR = 9, 10
TYPED_VECTORS = {11: INT, 12: UINT, 13: FLOAT}
BOOL = 26
FORMS = {
    INT: {1: "b", 2: "h", 4: "i", 8: "q"},
    UINT: {1: "B", 2: "H", 4: "I", 8: "Q"},
    FLOAT: {2: "e", 4: "f", 8: "d"},
}
FORMS[BOOL] = FORMS[UINT]
DEEPEST = 8
"""Vectors inside of vectors."""


def read_flexbuffer(data: bytes, *, source: str | Path) -> Value:
    """The value that a FlexBuffer holds: numbers, text, lists and dictionaries.

    Args:
        data: the buffer.
        source: the file that it is from, for messages.

    Raises:
        InputError: it is damaged, or holds kinds of values that no options have.
    """
    buffer = FlatBuffer(data, source)
    if len(data) < 3:
        buffer.fail("options of an operator are cut off")
    width = data[-1]
    return _value(buffer, len(data) - 2 - width, width, data[-2], depth=0)


def _value(buffer: FlatBuffer, place: int, parent: int, packed: int, *, depth: int) -> Value:
    """A value whose slot, `parent` bytes wide, is at `place`."""
    kind, width = packed >> 2, 1 << (packed & 3)
    if depth > DEEPEST:
        buffer.fail("options of an operator are nested too deeply")
    if kind == 0:
        return None
    if kind in FORMS:
        return _number(buffer, kind, place, parent)
    target = place - _unsigned(buffer, place, parent)
    if kind == KEY:
        return _key(buffer, target)
    length = _unsigned(buffer, target - width, width)
    if kind == STRING:
        return buffer.part(target, length).decode("utf-8", errors="replace")
    if kind in TYPED_VECTORS:
        buffer.part(target, length * width)
        return [_number(buffer, TYPED_VECTORS[kind], target + i * width, width) for i in range(length)]
    if kind not in (MAP, VECTOR):
        buffer.fail(f"options of an operator hold a value of kind {kind}")
    kinds = buffer.part(target + length * width, length)
    values = [_value(buffer, target + i * width, width, kinds[i], depth=depth + 1) for i in range(length)]
    if kind == VECTOR:
        return values
    keys_width = _unsigned(buffer, target - 2 * width, width)
    keys = target - 3 * width - _unsigned(buffer, target - 3 * width, width)
    slots = [keys + i * keys_width for i in range(length)]
    names = [_key(buffer, slot - _unsigned(buffer, slot, keys_width)) for slot in slots]
    return dict(zip(names, values, strict=True))


def _number(buffer: FlatBuffer, kind: int, place: int, width: int) -> int | float:
    form = FORMS[kind].get(width)
    if form is None:
        buffer.fail(f"options of an operator hold a number of {width} bytes")
    return buffer.number(form, place)


def _unsigned(buffer: FlatBuffer, place: int, width: int) -> int:
    return int(_number(buffer, UINT, place, width))


def _key(buffer: FlatBuffer, place: int) -> str:
    end = buffer.data.find(b"\0", place) if place >= 0 else -1
    if end < 0:
        buffer.fail("a name in the options of an operator has no end")
    return buffer.data[place:end].decode("utf-8", errors="replace")
