"""Whether an ONNX file is a network of the kind that mien runs, before ONNX Runtime takes it.

The file is walked as the protocol buffer that it is. Weights must lie in it, be as many as their shapes say,
and be finite; operations are those of convolutional networks, none of which makes much out of little.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mien.errors import InputError
from mien.reading.damage import damage_named
from mien.reading.regular_files import read_bytes

MAX_BYTES = 1_000_000_000
MAX_CONSTANT_SHAPE = 20_000_000
"""Numbers of an array whose shape the network states."""
MAX_ATTRIBUTE = 4096
"""Of kernels, strides, paddings and axes."""
_NOT_ONNX = "cannot be read as an ONNX network; export or copy it again"

_OPERATIONS = frozenset(
    [
        "Abs",
        "Add",
        "And",
        "ArgMax",
        "AveragePool",
        "BatchNormalization",
        "Cast",
        "Clip",
        "Concat",
        "Constant",
        "Conv",
        "ConstantOfShape",
        "ConvInteger",
        "DequantizeLinear",
        "Div",
        "Dropout",
        "DynamicQuantizeLinear",
        "Elu",
        "Equal",
        "Erf",
        "Exp",
        "Expand",
        "Flatten",
        "Floor",
        "Gather",
        "GatherND",
        "Gemm",
        "GlobalAveragePool",
        "GlobalMaxPool",
        "Greater",
        "GridSample",
        "HardSigmoid",
        "HardSwish",
        "Identity",
        "InstanceNormalization",
        "LayerNormalization",
        "LeakyRelu",
        "Less",
        "Log",
        "MatMul",
        "MatMulInteger",
        "Max",
        "MaxPool",
        "Min",
        "Mul",
        "Neg",
        "Not",
        "Or",
        "PRelu",
        "Pad",
        "Pow",
        "QGemm",
        "QLinearAdd",
        "QLinearConv",
        "QLinearGlobalAveragePool",
        "QLinearMatMul",
        "QuantizeLinear",
        "Reciprocal",
        "ReduceL2",
        "ReduceMax",
        "ReduceMean",
        "ReduceMin",
        "ReduceSum",
        "ReduceSumSquare",
        "Relu",
        "Reshape",
        "Shape",
        "Sigmoid",
        "Sign",
        "Slice",
        "Softmax",
        "Softplus",
        "Split",
        "Sqrt",
        "Squeeze",
        "Sub",
        "Sum",
        "Tanh",
        "Transpose",
        "Unsqueeze",
        "Where",
    ]
)
_DOMAINS = ("", "ai.onnx", "com.microsoft")
_TYPES = {
    1: np.dtype("<f4"), 2: np.dtype("u1"), 3: np.dtype("i1"), 4: np.dtype("<u2"), 5: np.dtype("<i2"),
    6: np.dtype("<i4"), 7: np.dtype("<i8"), 9: np.dtype("u1"), 10: np.dtype("<f2"), 11: np.dtype("<f8"),
}  # fmt: skip
"""Numbers of the types that weights may have."""
_INT64 = 7


def check_onnx(path: str | Path) -> None:
    """Refuse what is no network of mien's kind.

    Raises:
        InputError: the file is missing, no ordinary one, damaged, keeps weights elsewhere, has weights that
            are not finite or not as many as claimed, or operations that mien's networks do not have.
    """
    content = read_bytes(path, limit_bytes=MAX_BYTES)
    with damage_named(path, _NOT_ONNX):
        graphs = [value for number, value in _fields(memoryview(content)) if number == 7]
        if len(graphs) != 1 or not isinstance(graphs[0], memoryview):
            raise InputError(_NOT_ONNX, source=path)
        nodes = 0
        for number, value in _fields(graphs[0]):
            if not isinstance(value, memoryview):
                continue
            if number == 1:
                nodes += 1
                _check_node(value, path)
            elif number == 5:
                _check_tensor(value, path)
            elif number == 15:
                raise InputError("has sparse weights, which mien's networks have not", source=path)
        if not nodes:
            raise InputError(_NOT_ONNX, source=path)


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Numbers and values of a message's fields; those of fixed length as their bytes."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        kind, number = key & 7, key >> 3
        if kind == 0:
            value, place = _varint(message, place)
            yield number, value
            continue
        length = {1: 8, 5: 4}.get(kind)
        if kind == 2:
            length, place = _varint(message, place)
        if length is None or place + length > len(message):
            raise ValueError("a field reaches beyond its message")
        yield number, message[place : place + length]
        place += length


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError("a number without an end")


def _text(value: int | memoryview) -> str:
    return bytes(value).decode("utf-8") if isinstance(value, memoryview) else ""


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _check_node(node: memoryview, path: str | Path) -> None:
    operation = domain = ""
    for number, value in _fields(node):
        if number == 4:
            operation = _text(value)
        elif number == 7:
            domain = _text(value)
        elif number == 5 and isinstance(value, memoryview):
            _check_attribute(value, path)
    if operation not in _OPERATIONS or domain not in _DOMAINS:
        raise InputError(
            f"has the operation {operation[:40]!r}, which networks of mien do not have", source=path
        )


def _check_attribute(attribute: memoryview, path: str | Path) -> None:
    for number, value in _fields(attribute):
        if number in (6, 11):
            raise InputError("has operations with networks inside, which mien's have not", source=path)
        if number in (5, 10) and isinstance(value, memoryview):
            _check_tensor(value, path)
        if number in (3, 8):
            for each in _integers(value):
                if abs(each) > MAX_ATTRIBUTE:
                    raise InputError(f"has an operation with the size {each}", source=path)
        if number == 2 and isinstance(value, memoryview) and not math.isfinite(struct.unpack("<f", value)[0]):
            raise InputError("has an operation with a number that is not finite", source=path)


def _integers(value: int | memoryview) -> Iterator[int]:
    if isinstance(value, int):
        yield _signed(value)
        return
    place = 0
    while place < len(value):
        each, place = _varint(value, place)
        yield _signed(each)


def _check_tensor(tensor: memoryview, path: str | Path) -> None:
    shape: list[int] = []
    kind, raw, listed = 0, None, 0
    for number, value in _fields(tensor):
        if number == 1:
            shape += list(_integers(value))
        elif number == 2 and isinstance(value, int):
            kind = value
        elif number == 9 and isinstance(value, memoryview):
            raw = value
        elif number in (13, 14) and value != 0:
            raise InputError("keeps weights in another file; export it into one", source=path)
        elif number in (4, 10):
            values = np.frombuffer(value, "<f4" if number == 4 else "<f8")  # type: ignore[call-overload]
            listed += len(values)
            _check_finite(values, path)
        elif number in (5, 7, 11):
            listed += sum(1 for _ in _integers(value))
        elif number == 6:
            raise InputError("has weights that are texts", source=path)
    if kind not in _TYPES:
        raise InputError(f"has weights of the type {kind}, which is not read", source=path)
    if any(length < 0 for length in shape) or len(shape) > 8:
        raise InputError("has weights without a proper shape", source=path)
    count = math.prod(shape)
    have = listed if raw is None else len(raw) // _TYPES[kind].itemsize
    if count != have or (raw is not None and len(raw) % _TYPES[kind].itemsize):
        raise InputError(f"has weights that claim {count} numbers and hold {have}", source=path)
    if raw is not None and _TYPES[kind].kind == "f":
        _check_finite(np.frombuffer(raw, _TYPES[kind]), path)
    if raw is not None and kind == _INT64 and count <= 8:
        sizes = np.abs(np.frombuffer(raw, "<i8").astype(float))
        # Ends of slices are as large as numbers go; as a size nobody could have that.
        if math.prod(np.maximum(sizes[sizes < 2**62], 1).tolist()) > MAX_CONSTANT_SHAPE:
            raise InputError("makes arrays of more numbers than mien's networks have", source=path)


def _check_finite(values: np.ndarray, path: str | Path) -> None:
    if not np.isfinite(values).all():
        raise InputError("has weights that are not finite (NaN or infinity)", source=path)
