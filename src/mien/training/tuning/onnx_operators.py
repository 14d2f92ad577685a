"""The ONNX operators that landmark networks consist of, in torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor

Attributes = Mapping[str, Any]
Operator = Callable[..., Tensor]

FIXED_INPUTS = {
    "Reshape": (1,),
    "Slice": (1, 2, 3, 4),
    "Unsqueeze": (1,),
    "ReduceSum": (1,),
    "Clip": (1, 2),
}
"""Inputs that must be constants, by operator: shapes, axes, limits. They are handed over as arrays."""


def _conv(attributes: Attributes, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    groups, pads = int(attributes.get("group", 1)), list(attributes.get("pads", (0, 0, 0, 0)))
    strides = tuple(attributes.get("strides", (1, 1)))
    if groups == x.shape[1] == weight.shape[0] and weight.shape[2:] == (1, 1) and strides == (1, 1):
        scaled = x * weight.reshape(1, -1, 1, 1)  # a factor per channel is no work for a convolution
        return scaled if bias is None else scaled + bias.reshape(1, -1, 1, 1)
    top, left, bottom, right = pads
    padding: Any = (top, left)
    if (top, left) != (bottom, right):
        x, padding = functional.pad(x, (left, right, top, bottom)), 0
    return functional.conv2d(x, weight, bias, stride=strides, padding=padding, groups=groups)


def _batch_normalisation(
    attributes: Attributes, x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor
) -> Tensor:
    return functional.batch_norm(x, mean, variance, scale, bias, eps=float(attributes.get("epsilon", 1e-5)))


def _max_pool(attributes: Attributes, x: Tensor) -> Tensor:
    return functional.max_pool2d(x, tuple(attributes["kernel_shape"]), tuple(attributes["strides"]))


def _gemm(attributes: Attributes, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    product = x @ (weight.T if attributes.get("transB", 0) else weight)
    return product if bias is None else product + bias


def _slice(
    attributes: Attributes,
    x: Tensor,
    starts: np.ndarray,
    ends: np.ndarray,
    axes: np.ndarray | None = None,
    steps: np.ndarray | None = None,
) -> Tensor:
    chosen = [slice(None)] * x.ndim
    axes = np.arange(len(starts)) if axes is None else axes
    steps = np.ones(len(starts), int) if steps is None else steps
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        chosen[int(axis)] = slice(int(start), None if abs(int(end)) > 2**30 else int(end), int(step))
    return x[tuple(chosen)]


def _gather(attributes: Attributes, x: Tensor, indices: Tensor) -> Tensor:
    axis = int(attributes.get("axis", 0)) % x.ndim
    flat = torch.index_select(x, axis, indices.reshape(-1) % x.shape[axis])
    return flat.reshape(*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])


def _gather_nd(attributes: Attributes, x: Tensor, indices: Tensor) -> Tensor:
    # (B, K, 1) rows of (B, N, C), or (B, K, 2) of (B, H, W, C)
    assert int(attributes.get("batch_dims", 0)) == 1
    batch = torch.arange(x.shape[0], device=x.device).reshape(-1, *[1] * (indices.ndim - 2))
    return x[(batch, *(one.long() for one in indices.unbind(-1)))]


def _clip(
    attributes: Attributes, x: Tensor, low: np.ndarray | None = None, high: np.ndarray | None = None
) -> Tensor:
    return x.clamp(None if low is None else float(low), None if high is None else float(high))


def _cast(attributes: Attributes, x: Tensor) -> Tensor:
    from onnx import TensorProto

    whole = attributes["to"] in (TensorProto.INT32, TensorProto.INT64)
    return x.long() if whole else x.float()


def _reduced(reduce: Callable[..., Tensor]) -> Operator:
    def operator(attributes: Attributes, x: Tensor, axes: np.ndarray | None = None) -> Tensor:
        found = attributes.get("axes") if axes is None else axes
        over = tuple(range(x.ndim)) if found is None else tuple(int(axis) for axis in found)
        return reduce(x, over, keepdim=bool(attributes.get("keepdims", 1)))

    return operator


def _norm(x: Tensor, axes: tuple[int, ...], *, keepdim: bool) -> Tensor:
    return x.square().sum(axes, keepdim=keepdim).clamp(min=1e-20).sqrt()


def _least(attributes: Attributes, *values: Tensor) -> Tensor:
    return _folded(torch.minimum, values)


def _most(attributes: Attributes, *values: Tensor) -> Tensor:
    return _folded(torch.maximum, values)


def _folded(combine: Callable[[Tensor, Tensor], Tensor], values: tuple[Tensor, ...]) -> Tensor:
    result = values[0]
    for value in values[1:]:
        result = combine(result, value)
    return result


def _grid_sample(attributes: Attributes, x: Tensor, grid: Tensor) -> Tensor:
    return functional.grid_sample(
        x,
        grid,
        mode=attributes["mode"].decode(),
        padding_mode=attributes["padding_mode"].decode(),
        align_corners=bool(attributes["align_corners"]),
    )


def _reshape(attributes: Attributes, x: Tensor, shape: np.ndarray) -> Tensor:
    keeps_zero = bool(attributes.get("allowzero", 0))
    sizes = [x.shape[i] if n == 0 and not keeps_zero else int(n) for i, n in enumerate(shape)]
    return x.reshape(sizes)


def _unsqueeze(attributes: Attributes, x: Tensor, axes: np.ndarray) -> Tensor:
    rank = x.ndim + len(axes)
    for axis in sorted(int(axis) % rank for axis in axes):
        x = x.unsqueeze(axis)
    return x


OPERATORS: dict[str, Operator] = {
    "Add": lambda attributes, a, b: a + b,
    "BatchNormalization": _batch_normalisation,
    "Cast": _cast,
    "Clip": _clip,
    "Concat": lambda attributes, *values: torch.cat(values, int(attributes["axis"])),
    "Conv": _conv,
    "Div": lambda attributes, a, b: a / b,
    "Equal": lambda attributes, a, b: a == b,
    "Flatten": lambda attributes, x: x.flatten(int(attributes.get("axis", 1))),
    "Floor": lambda attributes, x: x.floor(),
    "Gather": _gather,
    "GatherND": _gather_nd,
    "Gemm": _gemm,
    "GridSample": _grid_sample,
    "Identity": lambda attributes, x: x,
    "Log": lambda attributes, x: x.log(),
    "MatMul": lambda attributes, a, b: a @ b,
    "Max": _most,
    "MaxPool": _max_pool,
    "Min": _least,
    "Mul": lambda attributes, a, b: a * b,
    "Neg": lambda attributes, x: -x,
    "ReduceL2": _reduced(_norm),
    "ReduceMax": _reduced(lambda x, axes, keepdim: torch.amax(x, axes, keepdim=keepdim)),
    "ReduceMean": _reduced(lambda x, axes, keepdim: torch.mean(x, axes, keepdim=keepdim)),
    "ReduceMin": _reduced(lambda x, axes, keepdim: torch.amin(x, axes, keepdim=keepdim)),
    "ReduceSum": _reduced(lambda x, axes, keepdim: torch.sum(x, axes, keepdim=keepdim)),
    "Relu": lambda attributes, x: x.relu(),
    "Reshape": _reshape,
    "Sigmoid": lambda attributes, x: x.sigmoid(),
    "Slice": _slice,
    "Sqrt": lambda attributes, x: x.sqrt(),
    "Sub": lambda attributes, a, b: a - b,
    "Transpose": lambda attributes, x: x.permute(tuple(attributes["perm"])),
    "Unsqueeze": _unsqueeze,
}
"""By the name that ONNX gives them (opset 17). Normalisations keep the statistics that they have."""
