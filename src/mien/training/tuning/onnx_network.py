"""A landmark network's ONNX file as a torch module whose weights can be trained and written back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from mien.errors import InputError
from mien.files import atomic_path
from mien.landmarks.onnx_checks import check_onnx
from mien.learning.onnx_files import INPUT
from mien.training.landmarks.networks import LandmarkOutput
from mien.training.landmarks.onnx_export import OUTPUTS
from mien.training.tuning.onnx_operators import FIXED_INPUTS, OPERATORS

_TRAINED = {"Conv": (1, 2), "Gemm": (1, 2), "BatchNormalization": (1, 2)}
"""Inputs that are weights, by operator."""
_SMALLEST_LAYER = 8
"""Least width of a matrix that was learned."""


class OnnxNetwork(nn.Module):
    """Runs the file's graph. Its convolutions, matrices and their biases are parameters; everything else
    (means of shapes, places of points, indices) stays as it is.

    Args:
        path: a landmark network: input "image", outputs `points`, `log_sigma`, `presence`.

    Attributes:
        weight_names: the parameters' names in the file, in their order.

    Raises:
        InputError: it is no such network, or has an operator that is not known here.
    """

    def __init__(self, path: Path) -> None:
        import onnx
        from onnx import helper, numpy_helper

        super().__init__()
        check_onnx(str(path))
        graph = onnx.load(path).graph
        if {output.name for output in graph.output} != set(OUTPUTS):
            raise InputError("is no landmark network", source=path)
        arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        self._nodes: list[tuple[str, dict[str, Any], tuple[str, ...], str]] = []
        self._whole: dict[str, np.ndarray] = {}
        kept: dict[str, str] = {name: name for name in arrays}
        trained: list[str] = []
        for node in _needed(graph):
            attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}
            name = node.output[0]
            if node.op_type == "Constant":
                arrays[name] = numpy_helper.to_array(attributes["value"])
                kept[name] = name
            elif node.input[0] in kept and (
                node.op_type == "Identity" or attributes.get("to") == onnx.TensorProto.FLOAT
            ):
                kept[name] = kept[node.input[0]]  # one that is used twice, or a weight of 16 bits
            elif node.op_type not in OPERATORS or len(node.output) != 1:
                raise InputError(f"has an operator that cannot be trained here: {node.op_type}", source=path)
            else:
                inputs = tuple(str(kept.get(one, one)) for one in node.input)
                self._nodes.append((node.op_type, attributes, inputs, name))
                places = list(_TRAINED.get(node.op_type, ()))
                if node.op_type in ("MatMul", "Add"):  # places have a matrix and a bias each
                    places = [i for i, one in enumerate(inputs) if one in arrays and _is_layer(arrays[one])]
                trained += [inputs[i] for i in places if i < len(inputs) and inputs[i] in arrays]
        initial = {tensor.name for tensor in graph.initializer}
        self.weight_names = [name for name in dict.fromkeys(trained) if name in initial]
        numbers = {name: f"weight{number}" for number, name in enumerate(self.weight_names)}
        for name in self.weight_names:
            self.register_parameter(
                numbers[name], nn.Parameter(torch.from_numpy(arrays[name].astype(np.float32)))
            )
        for name, values in arrays.items():
            if name in numbers:
                continue
            numbers[name] = f"constant{len(numbers)}"
            floats = np.issubdtype(values.dtype, np.floating)
            tensor = torch.from_numpy(np.array(values, np.float32 if floats else np.int64))
            self.register_buffer(numbers[name], tensor, persistent=False)
            self._whole[name] = np.array(values)
        self._tensors = numbers
        self._uses: dict[str, int] = {}
        for number, (_, _, inputs, _) in enumerate(self._nodes):
            for name in inputs:
                self._uses[name] = number

    def forward(self, image: Float[Tensor, "batch 3 size size"]) -> LandmarkOutput:
        """Answer to RGB in [0, 1] in the crop's [-1, 1] frame."""
        values: dict[str, Tensor] = {INPUT: image}
        kept: dict[str, Tensor] = {}
        for number, (kind, attributes, inputs, output) in enumerate(self._nodes):
            fixed = FIXED_INPUTS.get(kind, ())
            given = [
                None
                if not name
                else self._whole[name]
                if place in fixed
                else getattr(self, self._tensors[name])
                if name in self._tensors
                else values[name]
                for place, name in enumerate(inputs)
            ]
            values[output] = OPERATORS[kind](attributes, *given)
            if output in OUTPUTS:
                kept[output] = values[output]
            for name in inputs:
                if self._uses[name] == number:  # nobody needs it any more
                    values.pop(name, None)
        return LandmarkOutput(*(kept[name].float() for name in OUTPUTS))

    def encoder_parameters(self) -> list[nn.Parameter]:
        """Those of encoders, which were trained on photographs."""
        return [weight for name, weight in self._named() if name.startswith("encoder")]

    def read_out_parameters(self) -> list[nn.Parameter]:
        """The others."""
        return [weight for name, weight in self._named() if not name.startswith("encoder")]

    def _named(self) -> list[tuple[str, nn.Parameter]]:
        return list(zip(self.weight_names, self.parameters(), strict=True))


def _is_layer(values: np.ndarray) -> bool:
    """Whether what is multiplied with or added belongs to a layer, not to geometry, whose sides are small."""
    return values.ndim == 3 or (values.ndim == 2 and min(values.shape) >= _SMALLEST_LAYER)


def _needed(graph: Any) -> list[Any]:
    """The nodes that an answer depends on, in order."""
    wanted, needed = set(OUTPUTS), []
    for node in reversed(graph.node):
        if wanted & set(node.output):
            needed.append(node)
            wanted |= set(node.input)
    return needed[::-1]


def write_with_weights(source: Path, network: OnnxNetwork, path: Path, *, share: float = 1.0) -> None:
    """Write a file like `source` with a network's weights, each with as many bits as there.

    Args:
        share: of the way from the source's weights to the network's (WiSE-FT, Wortsman et al. 2022).
    """
    import onnx
    from onnx import numpy_helper

    model = onnx.load(source)
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    for name, weight in zip(network.weight_names, network.parameters(), strict=True):
        before = numpy_helper.to_array(tensors[name])
        values = before + share * (weight.detach().cpu().numpy() - before.astype(np.float32))
        tensors[name].CopyFrom(numpy_helper.from_array(values.astype(before.dtype), name))
    with atomic_path(path) as part:
        onnx.save(model, part)
