"""Tiny networks with known behaviour, in the file format and with the interface of the real ones.

A "face" is a saturated red patch. The landmark network finds its centroid and spread; the search network
answers to patches of about 24 pixels.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

TOY_SET = "toy12"
TOY_POINTS = np.array(
    [[0.5, -0.5], [0.7, -0.5], [-0.5, -0.5], [-0.7, -0.5], [-0.3, 0.6], [0.3, 0.6]]
    + [[x, y] for y in (-0.9, 0.1, 0.9) for x in (-0.6, 0.6)]
)
TOY_POINTS -= TOY_POINTS.mean(axis=0)
TOY_POINTS /= np.sqrt((TOY_POINTS**2).sum(axis=1).mean())  # root-mean-square radius 1
TOY_MIRROR = np.array([2, 3, 0, 1, 5, 4, 7, 6, 9, 8, 11, 10])
TOY_GROUPS = {
    "left_eye": np.array([0, 1]),
    "right_eye": np.array([2, 3]),
    "mouth": np.array([4, 5]),
    "face": np.arange(12),
}


def install_toy_set(monkeypatch) -> None:
    """Makes the landmark set `TOY_SET` the only one there is."""
    module = ModuleType("mien.heads.landmark_sets")
    module.landmark_groups = lambda set_name: {TOY_SET: TOY_GROUPS}[set_name]
    module.mirror_indices = lambda set_name: {TOY_SET: TOY_MIRROR}[set_name]
    monkeypatch.setitem(sys.modules, "mien.heads.landmark_sets", module)


def write_landmark_network(folder: Path, *, size: int = 32, log_sigma: float = -4.0) -> Path:
    """Points: `TOY_POINTS` around the red patch's centroid, as wide as 1.2 times the patch's spread."""
    grid = (np.arange(size) + 0.5) * 2 / size - 1
    columns, rows = np.meshgrid(grid, grid)
    constants = {
        "redness": np.array([1.0, -1.0, -1.0]).reshape(1, 3, 1, 1),
        "columns": columns.reshape(1, 1, size, size),
        "rows": rows.reshape(1, 1, size, size),
        "tiny": np.array(1e-6),
        "wide": np.array(1.2),
        "template": TOY_POINTS[None],
        "log_sigma_value": np.full((1, len(TOY_POINTS)), log_sigma),
        "steep": np.array(200.0),
        "little_red": np.array(0.02),
        "pair": np.array([1, 1, 2], np.int64),
        "one": np.array([1], np.int64),
    }

    def mean(name: str, of: str) -> list:
        return [
            helper.make_node("Mul", [of, "red"], [f"{name}_mass"]),
            helper.make_node("ReduceMean", [f"{name}_mass"], [f"{name}_sum"], keepdims=1),
            helper.make_node("Div", [f"{name}_sum", "mass"], [name]),
        ]

    nodes = [
        helper.make_node("Mul", ["image", "redness"], ["signed"]),
        helper.make_node("ReduceSum", ["signed", "one"], ["summed"], keepdims=1),
        helper.make_node("Relu", ["summed"], ["red"]),
        helper.make_node("ReduceMean", ["red"], ["mean_red"], keepdims=1),
        helper.make_node("Add", ["mean_red", "tiny"], ["mass"]),
        *mean("x", "columns"),
        *mean("y", "rows"),
        helper.make_node("Sub", ["columns", "x"], ["from_x"]),
        helper.make_node("Sub", ["rows", "y"], ["from_y"]),
        helper.make_node("Mul", ["from_x", "from_x"], ["square_x"]),
        helper.make_node("Mul", ["from_y", "from_y"], ["square_y"]),
        helper.make_node("Add", ["square_x", "square_y"], ["square"]),
        *mean("variance", "square"),
        helper.make_node("Sqrt", ["variance"], ["spread"]),
        helper.make_node("Mul", ["spread", "wide"], ["radius"]),
        helper.make_node("Reshape", ["radius", "unit_shape"], ["radius3"]),
        helper.make_node("Concat", ["x", "y"], ["center4"], axis=3),
        helper.make_node("Reshape", ["center4", "pair"], ["center"]),
        helper.make_node("Mul", ["template", "radius3"], ["spread_points"]),
        helper.make_node("Add", ["spread_points", "center"], ["points"]),
        helper.make_node("Identity", ["log_sigma_value"], ["log_sigma"]),
        helper.make_node("Sub", ["mean_red", "little_red"], ["excess"]),
        helper.make_node("Mul", ["excess", "steep"], ["presence4"]),
        helper.make_node("Reshape", ["presence4", "one"], ["presence"]),
    ]
    constants["unit_shape"] = np.array([1, 1, 1], np.int64)
    outputs = {"points": [1, len(TOY_POINTS), 2], "log_sigma": [1, len(TOY_POINTS)], "presence": [1]}
    card = {"format_version": 1, "name": "fake", "set_name": TOY_SET, "input_size": size}
    return _write(folder / "fake.onnx", nodes, constants, [1, 3, size, size], outputs, card)


def write_search_network(folder: Path, *, side_px: float = 48.0) -> Path:
    """Score: red in a 24-pixel window minus twice the red of the 72-pixel window around it."""
    constants = {
        "redness": np.array([1.0, -1.0, -1.0]).reshape(1, 3, 1, 1),
        "one": np.array([1], np.int64),
        "two": np.array(2.0),
        "steep": np.array(20.0),
        "threshold": np.array(0.55),
        "zero": np.array(0.0),
        "values": np.array([0, 0, np.log(side_px / 32), 1, 0]).reshape(1, 5, 1, 1),
    }
    nodes = [
        helper.make_node("Mul", ["image", "redness"], ["signed"]),
        helper.make_node("ReduceSum", ["signed", "one"], ["summed"], keepdims=1),
        helper.make_node("Relu", ["summed"], ["red"]),
        helper.make_node("AveragePool", ["red"], ["cells"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node(
            "AveragePool", ["cells"], ["near"], kernel_shape=[3, 3], pads=[1] * 4, count_include_pad=1
        ),
        helper.make_node(
            "AveragePool", ["cells"], ["far"], kernel_shape=[9, 9], pads=[4] * 4, count_include_pad=1
        ),
        helper.make_node("Mul", ["far", "two"], ["far2"]),
        helper.make_node("Sub", ["near", "far2"], ["contrast"]),
        helper.make_node("Sub", ["contrast", "threshold"], ["excess"]),
        helper.make_node("Mul", ["excess", "steep"], ["score"]),
        helper.make_node("Mul", ["score", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "values"], ["geometry"]),
    ]
    outputs = {"score": [1, 1, "rows", "columns"], "geometry": [1, 5, "rows", "columns"]}
    card = {"format_version": 1, "name": "fake_search"}
    return _write(folder / "fake_search.onnx", nodes, constants, [1, 3, "height", "width"], outputs, card)


def picture_with_patches(height: int, width: int, patches: list[tuple[float, float, float]]) -> np.ndarray:
    """A grey picture with red squares: (x, y, side) in pixels."""
    image = np.full((height, width, 3), 90, np.uint8)
    for x, y, side in patches:
        low_x, low_y = round(x - side / 2), round(y - side / 2)
        image[max(low_y, 0) : low_y + round(side), max(low_x, 0) : low_x + round(side)] = (255, 0, 0)
    return image


def _write(path: Path, nodes: list, constants: dict, input_shape: list, outputs: dict, card: dict) -> Path:
    tensors = [
        numpy_helper.from_array(value if value.dtype == np.int64 else value.astype(np.float32), name)
        for name, value in constants.items()
    ]
    graph = helper.make_graph(
        nodes,
        "fake",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, input_shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    save(model, str(path))
    path.with_suffix(".card.json").write_text(json.dumps(card))
    return path
