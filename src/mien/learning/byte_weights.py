"""Large matrices of a network file stored with 8 bits, computed with 32."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import onnx

_STEPS = 127


def store_in_bytes(model: onnx.ModelProto, *, least_values: int) -> int:
    """Store matrices of many values with 8 bits and a step for each column; returns how many bytes it saves.

    A column's step is a 127th of its largest value. ONNX Runtime unfolds them when it opens the file, so that
    it runs as fast as before.

    Args:
        model: changed in place.
        least_values: smaller ones and those of other than two axes are left as they are.
    """
    from onnx import TensorProto, helper, numpy_helper

    saved, nodes = 0, []
    for tensor in list(model.graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.ndim != 2 or values.size < least_values or values.dtype not in (np.float16, np.float32):
            continue
        exact = values.astype(np.float32)
        step = np.maximum(np.abs(exact).max(axis=0, keepdims=True) / _STEPS, np.finfo(np.float32).tiny)
        bytes_name, step_name = tensor.name + "_bytes", tensor.name + "_step"
        model.graph.initializer.remove(tensor)
        model.graph.initializer.append(
            numpy_helper.from_array(np.rint(exact / step).astype(np.int8), bytes_name)
        )
        model.graph.initializer.append(numpy_helper.from_array(step.astype(np.float32), step_name))
        whole = TensorProto.FLOAT16 if values.dtype == np.float16 else TensorProto.FLOAT
        nodes += [
            helper.make_node("Cast", [bytes_name], [bytes_name + "_wide"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [bytes_name + "_wide", step_name], [bytes_name + "_exact"]),
            helper.make_node("Cast", [bytes_name + "_exact"], [tensor.name], to=whole),
        ]
        saved += (values.dtype.itemsize - 1) * values.size
    for node in reversed(nodes):
        model.graph.node.insert(0, node)
    return saved
