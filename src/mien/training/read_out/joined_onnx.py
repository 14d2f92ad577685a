"""Frozen encoders and the network that reads them, written as one ONNX graph."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mien.datasets.encoders import CROP_PX, Encoders
from mien.learning.onnx_files import INPUT


def write_joined(
    network: nn.Module, encoders: Encoders, path: Path, *, name: str, outputs: Mapping[str, tuple[int, ...]]
) -> None:
    """Write a graph with input "image" that hands the encoders' points and features to a network.

    Args:
        network: takes points (B, P, 3) and features (B, F), answers with a plain tuple.
        name: of the graph.
        outputs: name to shape, without the batch, in the order of the answer.
    """
    import onnx
    from onnx import TensorProto, helper

    own = _graph_of(network, encoders, list(outputs))
    nodes, initializers, points, features = [], [], [], []
    opset = max(one.version for one in own.opset_import if one.domain == "")
    for number, file in enumerate(encoders.files):
        model = onnx.load(file)
        opset = max([opset, *(one.version for one in model.opset_import if one.domain == "")])
        prefix = f"encoder{number}_"
        _take_over(model.graph, prefix, kept={INPUT: INPUT}, nodes=nodes, initializers=initializers)
        points.append(prefix + "points")
        for output in model.graph.output:
            if output.name in encoders.outputs(number):
                flat = f"{prefix}{output.name}_flat"
                nodes.append(helper.make_node("Flatten", [prefix + output.name], [flat], axis=1))
                features.append(flat)
    nodes.append(helper.make_node("Concat", points, ["all_points"], axis=1))
    nodes.append(helper.make_node("Concat", features, ["all_features"], axis=1))
    kept = {"points_in": "all_points", "features_in": "all_features", **{key: key for key in outputs}}
    _take_over(own.graph, "read_", kept=kept, nodes=nodes, initializers=initializers)
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["batch", 3, CROP_PX, CROP_PX])],
        [
            helper.make_tensor_value_info(key, TensorProto.FLOAT, ["batch", *shape])
            for key, shape in outputs.items()
        ],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = min(model.ir_version, 9)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _graph_of(network: nn.Module, encoders: Encoders, outputs: list[str]) -> Any:
    import io
    import warnings

    import onnx

    stream = io.BytesIO()
    example = torch.rand(2, encoders.point_count, 3) * CROP_PX, torch.rand(2, encoders.feature_count)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            example,
            stream,  # pyright: ignore[reportArgumentType]
            input_names=["points_in", "features_in"],
            output_names=outputs,
            dynamic_axes={name: {0: "batch"} for name in ("points_in", "features_in", *outputs)},
            opset_version=17,
            dynamo=False,
        )
    return onnx.load_model_from_string(stream.getvalue())


def _take_over(graph: Any, prefix: str, *, kept: dict[str, str], nodes: list, initializers: list) -> None:
    """Append a graph's nodes and weights under names of their own; `kept` are renamed as it says."""
    import copy

    def named(name: str) -> str:
        return kept.get(name, prefix + name) if name else name

    for tensor in graph.initializer:
        own = copy.deepcopy(tensor)
        own.name = named(tensor.name)
        initializers.append(own)
    for node in graph.node:
        own = copy.deepcopy(node)
        own.name = f"{prefix}{len(nodes)}"
        own.input[:] = [named(name) for name in node.input]
        own.output[:] = [named(name) for name in node.output]
        nodes.append(own)
