"""A trained landmark network as a frozen encoder: what it finds and what it thinks on the way there.

Lifting starts from 2D landmarks; a network that finds them has already learned to see a face. Its landmarks
are the encoder's points; its features are the last maps that it looks at, what it keeps of each place, its
last hidden layer and its log σ. A lifting network gives its 2.5D points, and its 3D ones and its rotation as
features: few numbers, from which a few people suffice to learn landmarks of one's own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mien.datasets.encoders import CROP_PX, Encoders
from mien.errors import InputError
from mien.files import atomic_path, write_text
from mien.landmarks.networks import open_session, read_card
from mien.learning.byte_weights import store_in_bytes

_HALF_PX = CROP_PX / 2
_MANY = 3_000_000
"""Matrices of so many values are stored with 8 bits: what a lifting network adds must find room beside."""


@dataclass(frozen=True)
class WrittenEncoder:
    """What was written: how many points and features a crop becomes."""

    path: Path
    points: int
    features: int
    file_mb: float


def write_landmark_encoder(network: str | Path, path: str | Path) -> WrittenEncoder:
    """Write an encoder (see `mien.datasets.encoders`) from a landmark network's file, and its card beside it.

    Args:
        network: an exported read-out, a network with a perceptron or a lifting network (`mien train
            export-read-out`, `export-landmarks`, `export-lifting`), with its card, of crops of 192².
        path: .onnx file to write.

    Raises:
        InputError: it is missing, or no such network.
    """
    import onnx

    source, path = Path(network), Path(path)
    card = read_card(source)
    open_session(source)  # says it where the file is no network
    model = onnx.load(source)
    graph = _Graph(model.graph)
    try:
        graph.add_outputs()
    except _OtherGraphError as error:
        raise InputError(
            f"is no landmark network ({error}); make one with: mien train export-read-out", source=source
        ) from error
    store_in_bytes(model, least_values=_MANY)
    with atomic_path(path) as part:
        onnx.save(model, part)
        encoders = Encoders([part], places=False)
    _write_card(card.values, path)
    return WrittenEncoder(path, encoders.point_count, encoders.feature_count, path.stat().st_size / 1e6)


def _write_card(values: dict[str, Any], path: Path) -> None:
    """Whose network it was, as far as its own card says."""
    kept = ("name", "date", "command", "encoders")
    source = {"authors": "mien", **{key: values[key] for key in kept if key in values}}
    source["training_data"] = values.get("training_data", {}).get("kind")
    card = {
        "format_version": 1,
        "name": path.stem,
        "set_name": values.get("set_name"),
        "source": source,
        "licence": values.get("licence", "Apache-2.0"),
    }
    write_text(path.with_suffix(".card.json"), json.dumps(card, indent=1))


class _OtherGraphError(Exception):
    """A part that every landmark network has is missing."""


@dataclass(frozen=True)
class _Parts:
    """Names of what an encoder gives, in a landmark network's graph.

    Attributes:
        maps: (B, C, H, W); places: (B, places, numbers); hidden: (B, C) the last hidden layer.
    """

    maps: list[str]
    places: list[str]
    hidden: str


class _Graph:
    """A landmark network's graph, found by the names that its export gives."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph
        self._maker = {name: node for node in graph.node for name in node.output}
        self._added: list[Any] = []

    def parts(self) -> _Parts:
        """Of a read-out, or of a network with a perceptron over its maps."""
        if "all_points" in self._maker:
            flat = [self._maker[name].input[0] for name in self._maker["all_features"].input]
            maps = [name for name in flat if not name.endswith("place_features")]
            joined = self._made("Concat", self._input_of("read_network.linear.weight"))
            places = [self._maker[name].input[0] for name in joined.input[1:]]
            return _Parts(maps, places, self._input_of("read_network.answer.weight"))
        hidden = self._input_of("network.answer.weight")
        while self._maker[hidden].op_type == "Cast":
            hidden = self._maker[hidden].input[0]
        joined = self._made("Concat", self._first_input("MatMul", hidden))
        # the finer map has thousands of numbers, and the hidden layer has seen them
        coarse = self._made("Flatten", joined.input[-1]).input[0]
        return _Parts([coarse], [], hidden)

    def add_outputs(self) -> None:
        """Replace the outputs by an encoder's."""
        has = {output.name for output in self._graph.output}
        if "points_m" in has:
            self._add_points()
            self._add("Flatten", ["points_m"], "flat_points_m", axis=1)
            self._add("Flatten", ["rotation"], "flat_rotation", axis=1)
            self._add("Concat", ["flat_points_m", "flat_rotation"], "lifted", axis=1)
            self._constant("as_cell", np.array([2, 3], np.int64))
            self._add("Unsqueeze", ["lifted", "as_cell"], "features")
            self._replace_outputs(["points", "features"])
            return
        parts = self.parts()
        if "log_sigma" not in has:
            raise _OtherGraphError("no log_sigma")
        self._add_points()
        outputs = ["points"]
        for number, name in enumerate(parts.maps):
            outputs.append(f"map{number}_features" if number else "features")
            self._add("Identity", [name], outputs[-1])
        for number, name in enumerate(parts.places):
            self._constant("behind", np.array([3], np.int64))
            outputs.append(f"seen{number}_features")
            self._add("Transpose", [name], f"seen{number}", perm=[0, 2, 1])
            self._add("Unsqueeze", [f"seen{number}", "behind"], outputs[-1])
        self._constant("as_cell", np.array([2, 3], np.int64))
        for name, inner in (("hidden_features", parts.hidden), ("sigma_features", "log_sigma")):
            outputs.append(name)
            self._add("Unsqueeze", [inner, "as_cell"], name)
        self._replace_outputs(outputs)

    def _add_points(self) -> None:
        """From the crop's [-1, 1] to pixels, of no depth."""
        self._rename("points", "found")
        self._constant("half_px", np.array(_HALF_PX, np.float32))
        self._constant("one", np.array(1.0, np.float32))
        self._constant("and_depth", np.array([0, 0, 0, 0, 0, 1], np.int64))
        self._add("Add", ["found", "one"], "found_from_edge")
        self._add("Mul", ["found_from_edge", "half_px"], "found_px")
        self._add("Pad", ["found_px", "and_depth"], "points")

    def _replace_outputs(self, outputs: list[str]) -> None:
        from onnx import TensorProto, helper

        self._graph.node.extend(self._added)
        shapes = _shapes(self._graph, outputs)
        del self._graph.output[:]
        self._graph.output.extend(
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shapes[name]])
            for name in outputs
        )

    def _input_of(self, weight: str) -> str:
        for node in self._graph.node:
            if len(node.input) > 1 and node.input[1] == weight:
                return node.input[0]
        raise _OtherGraphError(f"no {weight}")

    def _made(self, kind: str, name: str) -> Any:
        """The node that makes a value."""
        node = self._maker.get(name)
        if node is None or node.op_type != kind:
            raise _OtherGraphError(f"{name} is no {kind}")
        return node

    def _first_input(self, kind: str, name: str) -> str:
        """Back along first inputs to a node of a kind, and what it takes."""
        while name in self._maker:
            node = self._maker[name]
            if node.op_type == kind:
                return node.input[0]
            # sums with a bias have the weights' side second
            name = next((one for one in node.input if one in self._maker), "")
        raise _OtherGraphError(f"no {kind}")

    def _rename(self, name: str, new: str) -> None:
        for node in self._graph.node:
            for values in (node.input, node.output):
                values[:] = [new if value == name else value for value in values]

    def _constant(self, name: str, values: np.ndarray) -> None:
        from onnx import numpy_helper

        if all(tensor.name != name for tensor in self._graph.initializer):
            self._graph.initializer.append(numpy_helper.from_array(values, name))

    def _add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        from onnx import helper

        self._added.append(helper.make_node(kind, inputs, [output], name=f"encoder_{output}", **attributes))


def _shapes(graph: Any, names: list[str]) -> dict[str, list[int]]:
    """Shapes without the batch, by showing it a blank picture."""
    import onnx
    from onnx import TensorProto, helper

    probe = onnx.GraphProto()
    probe.CopyFrom(graph)
    del probe.output[:]
    probe.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    model = helper.make_model(probe, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = min(model.ir_version, 9)
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        found = session.run(names, {"image": np.zeros((1, 3, CROP_PX, CROP_PX), np.float32)})
    except Exception as error:  # onnxruntime's own error classes are not public
        raise _OtherGraphError(f"its layers cannot be shown: {error}") from error
    return {name: list(np.asarray(one).shape[1:]) for name, one in zip(names, found, strict=True)}
