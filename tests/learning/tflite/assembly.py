"""TensorFlow Lite files for tests, put together by hand: FlatBuffers, FlexBuffers, tables of the schema."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np

CODES = {
    "ADD": 0, "CONV_2D": 3, "DEPTHWISE_CONV_2D": 4, "DEQUANTIZE": 6, "MAX_POOL_2D": 17, "MUL": 18,
    "RESHAPE": 22, "PAD": 34, "STRIDED_SLICE": 45, "PRELU": 54,
}  # fmt: skip
TYPES = {"<f4": 0, "<f2": 1, "<i4": 2}


@dataclass(frozen=True)
class Table:
    """Fields by number: (form, number), bytes, arrays, text, tables or lists of tables."""

    fields: dict


def flatbuffer(root: Table, identifier: bytes) -> bytes:
    out = bytearray(struct.pack("<I4s", 0, identifier))
    struct.pack_into("<I", out, 0, _write(root, out))
    return bytes(out)


def _write(value, out: bytearray) -> int:
    """Append a value and what it points to; returns its position."""
    if isinstance(value, Table):
        return _write_table(value, out)
    out.extend(b"\0" * (-len(out) % 4))
    place = len(out)
    if isinstance(value, list):
        out.extend(struct.pack("<I", len(value)) + bytes(4 * len(value)))
        for index, item in enumerate(value):
            slot = place + 4 + 4 * index
            struct.pack_into("<I", out, slot, _write(item, out) - slot)
        return place
    content = value.encode() if isinstance(value, str) else value
    count = len(content)
    if isinstance(content, np.ndarray):
        content = content.tobytes()
    out.extend(struct.pack("<I", count) + content + b"\0")
    return place


def _write_table(table: Table, out: bytearray) -> int:
    count = max(table.fields, default=-1) + 1
    out.extend(b"\0" * (-len(out) % 8))
    start = len(out)
    head = 4 + 2 * count
    place = start + head + (-head % 8)
    out.extend(bytes(place - start + 4 + 8 * count))
    struct.pack_into("<HH", out, start, head, 4 + 8 * count)
    struct.pack_into("<i", out, place, place - start)
    for index, value in table.fields.items():
        slot = place + 4 + 8 * index
        struct.pack_into("<H", out, start + 4 + 2 * index, slot - place)
        if isinstance(value, tuple):
            struct.pack_into(f"<{value[0]}", out, slot, value[1])
        else:
            struct.pack_into("<I", out, slot, _write(value, out) - slot)
    return place


def flexbuffer(options: dict) -> bytes:
    """A map of whole numbers, floats and lists of whole numbers, all 4 bytes wide."""
    out, names = bytearray(), sorted(options)
    keys, vectors = {}, {}
    for name in names:
        keys[name] = len(out)
        out.extend(name.encode() + b"\0")
    for name in names:
        if isinstance(options[name], list):
            out.extend(struct.pack("<I", len(options[name])))
            vectors[name] = len(out)
            out.extend(struct.pack(f"<{len(options[name])}i", *options[name]))
    out.extend(struct.pack("<I", len(names)))
    key_vector = len(out)
    for name in names:
        out.extend(struct.pack("<I", len(out) - keys[name]))
    out.extend(struct.pack("<I", len(out) - key_vector) + struct.pack("<II", 4, len(names)))
    values, kinds = len(out), b""
    for name in names:
        value = options[name]
        if isinstance(value, list):
            out.extend(struct.pack("<I", len(out) - vectors[name]))
            kinds += bytes([11 << 2 | 2])
        elif isinstance(value, float):
            out.extend(struct.pack("<f", value))
            kinds += bytes([3 << 2 | 2])
        else:
            out.extend(struct.pack("<i", value))
            kinds += bytes([1 << 2 | 2])
    out.extend(kinds)
    return bytes(out) + struct.pack("<I", len(out) - values) + bytes([9 << 2 | 2, 4])


@dataclass
class Assembly:
    """A graph that grows; tensors and operators are added in order."""

    tensors: list[Table] = field(default_factory=list)
    buffers: list[Table] = field(default_factory=lambda: [Table({})])
    codes: list[Table] = field(default_factory=list)
    operators: list[Table] = field(default_factory=list)

    def tensor(self, name: str, *shape: int) -> int:
        self.tensors.append(Table({0: np.array(shape, "<i4"), 1: ("b", 0), 2: ("I", 0), 3: name}))
        return len(self.tensors) - 1

    def constant(self, values: np.ndarray, name: str = "constant") -> int:
        kind = {"f": f"<f{values.dtype.itemsize}", "i": "<i4"}[values.dtype.kind]
        values = values.astype(kind)
        self.buffers.append(Table({0: np.frombuffer(values.tobytes(), np.uint8)}))
        shape = np.array(values.shape, "<i4")
        fields = {0: shape, 1: ("b", TYPES[kind]), 2: ("I", len(self.buffers) - 1), 3: name}
        self.tensors.append(Table(fields))
        return len(self.tensors) - 1

    def run(self, kind: str, inputs: list[int], output: int, options=None, custom: dict | None = None) -> int:
        """Add an operator; `options` by number of their fields, `custom` those of somebody's own operator."""
        if custom is None:
            code = Table({0: ("b", CODES[kind]), 3: ("i", CODES[kind])})
        else:
            code = Table({0: ("b", 32), 1: kind, 3: ("i", 32)})
        self.codes.append(code)
        fields = {0: ("I", len(self.codes) - 1), 1: np.array(inputs, "<i4"), 2: np.array([output], "<i4")}
        if options is not None:
            fields[4] = Table(options)
        if custom is not None:
            fields[5] = flexbuffer(custom)
        self.operators.append(Table(fields))
        return output

    def weights(self, values: np.ndarray, name: str) -> int:
        """Weights with 16 bits, as converters store them."""
        half = self.constant(values.astype(np.float16), name)
        return self.run("DEQUANTIZE", [half], self.tensor(f"{name}_float", *values.shape))

    def file(self, inputs: list[int], outputs: list[int]) -> bytes:
        graph = Table(
            {
                0: self.tensors,
                1: np.array(inputs, "<i4"),
                2: np.array(outputs, "<i4"),
                3: self.operators,
            }
        )
        return flatbuffer(Table({0: ("I", 3), 1: self.codes, 2: [graph], 4: self.buffers}), b"TFL3")


def convolution(same: bool, stride: int, *, depthwise: bool = False, activation: int = 0) -> dict:
    """Options of a convolution."""
    shared = {0: ("b", 0 if same else 1), 1: ("i", stride), 2: ("i", stride)}
    return shared | ({3: ("i", 1), 4: ("b", activation)} if depthwise else {3: ("b", activation)})
