"""The operators of a TensorFlow Lite graph as ONNX nodes.

Pictures there are (batch, height, width, channels) and here (batch, channels, height, width); the batch, 1
there, may here be of any size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np

from mien.errors import InputError
from mien.learning.onnx_writer import OnnxWriter
from mien.learning.tflite.graph import Operator, TfliteGraph

CHANNELS_FIRST = (0, 3, 1, 2)
CHANNELS_LAST = (0, 2, 3, 1)
SAME = 0
"""Padding of a convolution so that a stride of 1 keeps the size."""
NO_ACTIVATION, RELU, RELU6 = 0, 1, 3


@dataclass
class Conversion:
    """A graph on its way from one form to the other.

    Attributes:
        graph: where it comes from.
        writer: where it goes.
        values: constants by tensor, as in the file (16-bit floats as 32-bit ones).
        names: names in ONNX of what is computed, by tensor.
    """

    graph: TfliteGraph
    writer: OnnxWriter
    values: dict[int, np.ndarray] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)

    def fail(self, operator: Operator, what: str) -> NoReturn:
        """Raise an InputError about an operator."""
        raise InputError(f"operator {operator.kind} cannot be converted: {what}", source=self.graph.source)

    def shape(self, tensor: int) -> tuple[int, ...]:
        """A tensor's shape, as in the file."""
        return self.graph.tensors[tensor].shape

    def label(self, tensor: int) -> str:
        """A tensor's name, such that no input or output is called so."""
        return f"/{self.graph.tensors[tensor].name}"

    def constant(self, operator: Operator, position: int) -> np.ndarray:
        """The constant that an operator takes at a position of its inputs."""
        index = self._input(operator, position)
        if index not in self.values:
            self.fail(operator, f"input {position} is not constant")
        return self.values[index]

    def name(self, operator: Operator, position: int) -> str:
        """The name in ONNX of what an operator takes at a position; constants are turned as pictures are."""
        index = self._input(operator, position)
        if index in self.names:
            return self.names[index]
        if index not in self.values:
            self.fail(operator, f"input {position} was not computed before it")
        values, rank = self.values[index], len(self.shape(operator.outputs[0]))
        if rank == 4:
            values = values.reshape((1,) * (rank - values.ndim) + values.shape).transpose(CHANNELS_FIRST)
        return self.writer.constant(values, name=self.label(index))

    def result(self, operator: Operator, kind: str, inputs: list[str], **attributes: object) -> None:
        """Add the node that gives an operator's output."""
        index = operator.outputs[0]
        self.names[index] = self.writer.node(kind, inputs, name=self.label(index), **attributes)

    def _input(self, operator: Operator, position: int) -> int:
        if position >= len(operator.inputs) or operator.inputs[position] < 0 or not operator.outputs:
            self.fail(operator, f"input {position} or the output is missing")
        return operator.inputs[position]


Handler = Callable[[Conversion, Operator], None]
"""Adds the nodes of one operator."""


def convert(
    graph: TfliteGraph, writer: OnnxWriter, *, input_name: str, custom: Mapping[str, Handler] | None = None
) -> Conversion:
    """Write all operators of a graph that takes one picture; its outputs are left to be declared.

    Args:
        graph: as read.
        writer: gets the input and the nodes.
        input_name: of the picture, (batch, channels, height, width).
        custom: what to do with operators that are not TensorFlow Lite's own, by their names.

    Raises:
        InputError: an operator is unknown, or is used in a way that is not supported.
    """
    known = HANDLERS | dict(custom or {})
    conversion = Conversion(graph, writer)
    if len(graph.inputs) != 1 or len(conversion.shape(graph.inputs[0])) != 4:
        raise InputError("expected a network that takes one picture", source=graph.source)
    height, width, channels = conversion.shape(graph.inputs[0])[1:]
    conversion.names[graph.inputs[0]] = writer.input(input_name, (channels, height, width))
    for index, tensor in enumerate(graph.tensors):
        if tensor.values is not None:
            conversion.values[index] = _plain(tensor.values)
    for operator in graph.operators:
        if operator.kind not in known:
            conversion.fail(operator, f"only {', '.join(sorted(known))} are known")
        try:
            known[operator.kind](conversion, operator)
        except (ValueError, IndexError, TypeError, OverflowError) as error:  # shapes that do not fit
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"operator {operator.kind} cannot be converted: {error}", source=graph.source
            ) from error
    return conversion


def _plain(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32) if values.dtype.kind == "f" else values


def _option(operator: Operator, index: int, form: str, default: int = 0) -> int:
    return default if operator.options is None else operator.options.integer(index, form, default)


def _dequantize(conversion: Conversion, operator: Operator) -> None:
    """Of weights that are stored with 16 bits; nothing else is quantised here."""
    values = conversion.constant(operator, 0)
    if values.dtype != np.float32:
        conversion.fail(operator, "only 16-bit floats are known")
    conversion.values[operator.outputs[0]] = values


def _pads(
    conversion: Conversion, operator: Operator, kernel: tuple[int, int], stride: tuple[int, int]
) -> list[int]:
    """Rows and columns to add before and behind, as TensorFlow does: the odd one comes behind."""
    if _option(operator, 0, "b") != SAME:
        return [0, 0, 0, 0]
    sizes = conversion.shape(operator.inputs[0])[1:3]
    missing = [
        max((math.ceil(size / step) - 1) * step + width - size, 0)
        for size, width, step in zip(sizes, kernel, stride, strict=True)
    ]
    before = [count // 2 for count in missing]
    return before + [count - first for count, first in zip(missing, before, strict=True)]


def _strides(conversion: Conversion, operator: Operator) -> tuple[int, int]:
    across, down = _option(operator, 1, "i"), _option(operator, 2, "i")
    if across < 1 or down < 1:
        conversion.fail(operator, f"strides {down}, {across}")
    return down, across


def _convolution(conversion: Conversion, operator: Operator) -> None:
    separate = operator.kind == "DEPTHWISE_CONV_2D"
    weights = conversion.constant(operator, 1)
    channels = conversion.shape(operator.inputs[0])[3]
    dilations = [_option(operator, index + separate, "i", 1) for index in (4, 5)]
    if weights.ndim != 4 or dilations != [1, 1]:
        conversion.fail(operator, f"weights of shape {weights.shape}, dilations {dilations}")
    # in the file (out, height, width, in), of separate channels (1, height, width, out)
    weights = weights.transpose((3, 0, 1, 2) if separate else CHANNELS_FIRST)
    kernel = (weights.shape[2], weights.shape[3])
    bias = conversion.constant(operator, 2) if len(operator.inputs) > 2 else np.zeros(len(weights), "<f4")
    groups = channels if separate else 1
    if weights.shape[1] * groups != channels or bias.shape != (len(weights),):
        conversion.fail(operator, f"weights {weights.shape} and bias {bias.shape} for {channels} channels")
    index = operator.outputs[0]
    name = conversion.label(index)
    strides = _strides(conversion, operator)
    answer = conversion.writer.node(
        "Conv",
        [
            conversion.name(operator, 0),
            conversion.writer.constant(weights, name=f"{name}/weights"),
            conversion.writer.constant(bias, name=f"{name}/bias"),
        ],
        name=name,
        kernel_shape=list(kernel),
        strides=list(strides),
        pads=_pads(conversion, operator, kernel, strides),
        group=groups,
    )
    conversion.names[index] = _activated(conversion, operator, answer, 3 + separate)


def _activated(conversion: Conversion, operator: Operator, answer: str, option: int) -> str:
    """`answer` behind the activation that an operator has as its option of that number."""
    kind, writer = _option(operator, option, "b"), conversion.writer
    if kind == NO_ACTIVATION:
        return answer
    if kind == RELU:
        return writer.node("Relu", [answer])
    if kind == RELU6:
        bounds = [writer.constant(np.float32(bound)) for bound in (0, 6)]
        return writer.node("Clip", [answer, *bounds])
    conversion.fail(operator, f"activation {kind}")


def _max_pool(conversion: Conversion, operator: Operator) -> None:
    kernel = (_option(operator, 4, "i"), _option(operator, 3, "i"))
    if min(kernel) < 1 or _option(operator, 5, "b") != NO_ACTIVATION:
        conversion.fail(operator, f"windows of {kernel}, or an activation behind it")
    strides = _strides(conversion, operator)
    conversion.result(
        operator,
        "MaxPool",
        [conversion.name(operator, 0)],
        kernel_shape=list(kernel),
        strides=list(strides),
        pads=_pads(conversion, operator, kernel, strides),
    )


def _arithmetic(conversion: Conversion, operator: Operator) -> None:
    kind = {"ADD": "Add", "MUL": "Mul"}[operator.kind]
    names = [conversion.name(operator, 0), conversion.name(operator, 1)]
    answer = conversion.writer.node(kind, names, name=conversion.label(operator.outputs[0]))
    conversion.names[operator.outputs[0]] = _activated(conversion, operator, answer, 0)


def _prelu(conversion: Conversion, operator: Operator) -> None:
    """slope · x + (1 − slope) · relu(x), of separate 1 × 1 convolutions.

    ONNX Runtime keeps those in the layout of its fast convolutions; with its own `PRelu` it leaves that
    layout each time, and the whole network takes three times as long. Where no slope is above 1 the second
    term is relu((1 − slope) · x), which is computed in one go.
    """
    slopes = conversion.constant(operator, 1)
    channels = conversion.shape(operator.inputs[0])[3]
    if slopes.shape != (1, 1, channels):
        conversion.fail(operator, f"slopes of shape {slopes.shape}")
    name, writer = conversion.label(operator.outputs[0]), conversion.writer
    before = conversion.name(operator, 0)

    def scaled(values: str, kind: str, factors: np.ndarray) -> str:
        constant = writer.constant(factors.reshape(-1, 1, 1, 1), name=f"{name}/{kind}")
        return writer.node("Conv", [values, constant], kernel_shape=[1, 1], group=channels)

    everywhere = scaled(before, "all", slopes)
    if (slopes <= 1).all():
        above = writer.node("Relu", [scaled(before, "above", 1 - slopes)])
    else:
        above = scaled(writer.node("Relu", [before]), "above", 1 - slopes)
    conversion.result(operator, "Add", [everywhere, above])


def _pad(conversion: Conversion, operator: Operator) -> None:
    """Zeros around; more channels of them by a 1 × 1 convolution, which keeps the layout (see `_prelu`)."""
    amounts = conversion.constant(operator, 1)
    if amounts.shape != (4, 2):
        conversion.fail(operator, f"amounts of shape {amounts.shape}")
    before, writer = conversion.name(operator, 0), conversion.writer
    more = int(amounts[3, 1])
    if more > 0 and np.count_nonzero(amounts) == 1:
        channels = conversion.shape(operator.inputs[0])[3]
        same = np.eye(channels + more, channels, dtype=np.float32)[:, :, None, None]
        constant = writer.constant(same, name="more_channels")
        conversion.result(operator, "Conv", [before, constant], kernel_shape=[1, 1])
        return
    pads = amounts[list(CHANNELS_FIRST)].T.reshape(-1).astype(np.int64)
    conversion.result(operator, "Pad", [before, writer.constant(pads, name="pads")])


def _reshape(conversion: Conversion, operator: Operator) -> None:
    before, after = (conversion.shape(index[0]) for index in (operator.inputs, operator.outputs))
    if math.prod(before) != math.prod(after) or before[:1] != after[:1]:
        conversion.fail(operator, f"{before} to {after}")
    name, writer = conversion.name(operator, 0), conversion.writer
    if len(before) == 4 and before[1:3] != (1, 1):
        name = writer.node("Transpose", [name], perm=list(CHANNELS_LAST))
    shape = writer.constant(np.array([0, *after[1:]], np.int64), name="shape")  # 0: the batch, as it is
    if len(after) == 4:
        name = writer.node("Reshape", [name, shape])
        conversion.result(operator, "Transpose", [name], perm=list(CHANNELS_FIRST))
    else:
        conversion.result(operator, "Reshape", [name, shape])


def _strided_slice(conversion: Conversion, operator: Operator) -> None:
    """Only where it takes everything: converters write that as a copy."""
    sizes = conversion.shape(operator.inputs[0])
    begin, end, steps = (conversion.constant(operator, position).reshape(-1) for position in (1, 2, 3))
    masks = [_option(operator, index, "i") for index in range(5)]
    whole = len(begin) == len(end) == len(steps) == len(sizes) and not any(masks[2:])
    for axis in range(len(sizes) if whole else 0):
        first = masks[0] >> axis & 1 or begin[axis] == 0
        last = masks[1] >> axis & 1 or end[axis] == sizes[axis]
        whole = whole and bool(first and last) and steps[axis] == 1
    if not whole:
        conversion.fail(operator, "it takes a part only")
    conversion.result(operator, "Identity", [conversion.name(operator, 0)])


HANDLERS: dict[str, Handler] = {
    "ADD": _arithmetic,
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _convolution,
    "DEQUANTIZE": _dequantize,
    "MAX_POOL_2D": _max_pool,
    "MUL": _arithmetic,
    "PAD": _pad,
    "PRELU": _prelu,
    "RESHAPE": _reshape,
    "STRIDED_SLICE": _strided_slice,
}
