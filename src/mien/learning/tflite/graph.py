"""The graph of a TensorFlow Lite file: tensors and operators in the order in which they run.

Source: numbers of fields, operators and types are those of the public schema,
tensorflow/lite/schema/schema.fbs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mien.errors import InputError
from mien.learning.tflite.flatbuffers import FlatBuffer, FlatTable
from mien.reading.regular_files import read_bytes

IDENTIFIER = b"TFL3"
DTYPES = {0: "<f4", 1: "<f2", 2: "<i4", 3: "u1", 4: "<i8", 9: "i1"}
"""Types of tensors that we read, by their number in the schema."""
CUSTOM = 32
OPERATORS = {
    0: "ADD", 3: "CONV_2D", 4: "DEPTHWISE_CONV_2D", 6: "DEQUANTIZE", 17: "MAX_POOL_2D", 18: "MUL",
    22: "RESHAPE", 34: "PAD", 45: "STRIDED_SLICE", 54: "PRELU",
}  # fmt: skip
"""Built-in operators that we know, by their number in the schema."""
LARGEST_RANK = 8
MAX_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph.

    Attributes:
        name: as in the file.
        shape: pictures are (batch, height, width, channels).
        values: of a constant, None of what is computed.
    """

    name: str
    shape: tuple[int, ...]
    values: np.ndarray | None


@dataclass(frozen=True)
class Operator:
    """One step of the graph.

    Attributes:
        kind: name of a built-in operator, or of one of somebody's own.
        inputs: indices of tensors, -1 for one that is left out.
        outputs: indices of tensors.
        options: of a built-in operator.
        custom_options: of another one, a FlexBuffer.
    """

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: FlatTable | None
    custom_options: bytes


@dataclass(frozen=True)
class TfliteGraph:
    """What a file computes.

    Attributes:
        source: the file.
        tensors: all of them.
        operators: in the order in which they run.
        inputs: indices of the tensors that are given.
        outputs: indices of the tensors that are asked for.
    """

    source: Path
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def index_of(self, name: str) -> int:
        """The tensor of that name.

        Raises:
            InputError: there is none.
        """
        for index, tensor in enumerate(self.tensors):
            if tensor.name == name:
                return index
        raise InputError(f"has no tensor {name!r}: it is another network", source=self.source)


def read_tflite(path: str | Path) -> TfliteGraph:
    """Read a file of one graph.

    Raises:
        InputError: it cannot be read, is damaged, or has operators or tensors of other kinds.
    """
    path = Path(path)
    missing = "cannot be read (there is no such file); check the path"
    data = read_bytes(path, limit_bytes=MAX_BYTES, missing=missing)
    buffer = FlatBuffer(data, path)
    model = buffer.root(IDENTIFIER)
    graphs = model.tables(2)
    if len(graphs) != 1:
        buffer.fail(f"expected one graph, got {len(graphs)}")
    graph = graphs[0]
    contents = model.tables(4)
    tensors = tuple(_tensor(table, contents, buffer) for table in graph.tables(0))
    codes = [_operator_name(table, buffer) for table in model.tables(1)]
    operators = tuple(_operator(table, codes, len(tensors), buffer) for table in graph.tables(3))
    inputs = _indices(graph, 1, len(tensors), buffer)
    outputs = _indices(graph, 2, len(tensors), buffer)
    return TfliteGraph(path, tensors, operators, inputs, outputs)


def _tensor(table: FlatTable, contents: list[FlatTable], buffer: FlatBuffer) -> Tensor:
    name = table.text(3)
    shape = tuple(int(size) for size in table.numbers(0, "<i4"))
    if len(shape) > LARGEST_RANK or any(size < 0 for size in shape):
        buffer.fail(f"tensor {name!r} of shape {shape}")
    index = table.integer(2, "I")
    if index >= len(contents):
        buffer.fail(f"tensor {name!r} has its values in buffer {index} of {len(contents)}")
    content = contents[index].content(0)
    if not content:
        return Tensor(name, shape, None)
    kind = table.integer(1, "b")
    if kind not in DTYPES:
        raise InputError(
            f"tensor {name!r} has values of type {kind}, and only {sorted(DTYPES)} are known",
            source=buffer.source,
        )
    dtype = np.dtype(DTYPES[kind])
    size = dtype.itemsize
    for length in shape:
        size *= length
    if size != len(content):
        buffer.fail(f"tensor {name!r} of shape {shape} has {len(content)} bytes, expected {size}")
    return Tensor(name, shape, np.frombuffer(content, dtype).reshape(shape))


def _operator_name(table: FlatTable, buffer: FlatBuffer) -> str:
    number = max(table.integer(0, "b"), table.integer(3, "i"))  # the second is for those above 127
    if number == CUSTOM:
        return table.text(1)
    if number not in OPERATORS:
        raise InputError(
            f"needs operator {number} of TensorFlow Lite, and only {', '.join(OPERATORS.values())} are known",
            source=buffer.source,
        )
    return OPERATORS[number]


def _operator(table: FlatTable, codes: list[str], tensors: int, buffer: FlatBuffer) -> Operator:
    code = table.integer(0, "I")
    if code >= len(codes):
        buffer.fail(f"operator {code} of {len(codes)}")
    return Operator(
        kind=codes[code],
        inputs=_indices(table, 1, tensors, buffer, lowest=-1),
        outputs=_indices(table, 2, tensors, buffer),
        options=table.table(4),
        custom_options=table.content(5),
    )


def _indices(
    table: FlatTable, field: int, count: int, buffer: FlatBuffer, *, lowest: int = 0
) -> tuple[int, ...]:
    indices = tuple(int(index) for index in table.numbers(field, "<i4"))
    if any(not lowest <= index < count for index in indices):
        buffer.fail(f"tensors {indices} of {count}")
    return indices
