"""An ONNX graph, written node by node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mien.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    import onnx

OPSET = 17
BATCH = "batch"
"""Name of the axis without a fixed size."""


class OnnxWriter:
    """Collects nodes and constants; names are made up unless given."""

    def __init__(self, name: str) -> None:
        """
        Args:
            name: of the graph.

        Raises:
            MissingExtraError: the onnx package is missing.
        """
        try:
            import onnx
        except ImportError as error:
            raise MissingExtraError("ONNX files", extra="train", cause="onnx") from error
        self._onnx = onnx
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        self._names: set[str] = set()

    def input(self, name: str, shape: Sequence[int]) -> str:
        """Declare an input of float32 with a batch axis before `shape`; returns its name."""
        self._inputs.append(self._value(self._own(name), shape))
        return name

    def constant(self, values: np.ndarray | np.generic, *, name: str = "constant") -> str:
        """Store an array, or a single number; returns its name."""
        own = self._own(name)
        array = np.array(values, order="C")
        array = array.astype(array.dtype.newbyteorder("="))
        self._constants.append(self._onnx.numpy_helper.from_array(array, own))
        return own

    def node(self, kind: str, inputs: Sequence[str], *, name: str | None = None, **attributes: Any) -> str:
        """Add a node of one output; returns that output's name.

        Args:
            kind: operator, for example "Conv".
            inputs: names of what it takes.
            name: of its output, changed if it is taken.
            attributes: as the operator has them.
        """
        own = self._own(name or kind)
        node = self._onnx.helper.make_node(kind, list(inputs), [own], name=own, **attributes)
        self._nodes.append(node)
        return own

    def output(self, name: str, value: str, shape: Sequence[int]) -> None:
        """Declare that `value`, with a batch axis before `shape`, is the output `name`."""
        self._nodes.append(self._onnx.helper.make_node("Identity", [value], [self._own(name)], name=name))
        self._outputs.append(self._value(name, shape))

    def model(self) -> onnx.ModelProto:
        """The finished, checked model; ONNX Runtime 1.17 reads its version of the format.

        Raises:
            InputError: the nodes do not fit each other.
        """
        graph = self._onnx.helper.make_graph(
            self._nodes, self._name, self._inputs, self._outputs, self._constants
        )
        opsets = [self._onnx.helper.make_opsetid("", OPSET)]
        model = self._onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="mien")
        try:
            self._onnx.checker.check_model(model, full_check=True)
        except (
            self._onnx.checker.ValidationError,
            self._onnx.shape_inference.InferenceError,
        ) as error:
            raise InputError(f"shapes do not fit each other: {error}", source=self._name) from error
        return model

    def _own(self, name: str) -> str:
        own, tries = name, 1
        while own in self._names:
            tries += 1
            own = f"{name}_{tries}"
        self._names.add(own)
        return own

    def _value(self, name: str, shape: Sequence[int]) -> onnx.ValueInfoProto:
        kind = self._onnx.TensorProto.FLOAT
        return self._onnx.helper.make_tensor_value_info(name, kind, [BATCH, *shape])
