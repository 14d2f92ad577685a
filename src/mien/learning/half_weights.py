"""Network files half the size: weights stored with 16 bits, computed with 32."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from mien.files import atomic_path
from mien.landmarks.networks import open_session
from mien.learning.onnx_files import INPUT

MIN_VALUES = 1024
"""Smaller tensors (biases, shapes) are left as they are."""


@dataclass(frozen=True)
class HalvingCheck:
    """How a halved network compares with the one it came from.

    Attributes:
        largest_difference: over all outputs, in the network's units.
        file_mb: size, megabytes.
    """

    largest_difference: float
    file_mb: float


def halve_weights(path: str | Path, *, crops: Float32[np.ndarray, "batch 3 size size"]) -> HalvingCheck:
    """Rewrite an ONNX file in place with float16 weights, each followed by a cast to float32.

    ONNX Runtime folds the casts when it opens the file, so that it runs as fast as before; of a weight's 24
    bits of precision 11 are left.

    Args:
        path: the .onnx file.
        crops: RGB in [0, 1], to compare on.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    path = Path(path)
    before = _answers(path, crops)
    model = onnx.load(path)
    casts = []
    for tensor in list(model.graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < MIN_VALUES:
            continue
        if np.abs(values).max() > np.finfo(np.float16).max:
            continue
        half = numpy_helper.from_array(values.astype(np.float16), tensor.name + "_half")
        model.graph.initializer.remove(tensor)
        model.graph.initializer.append(half)
        casts.append(helper.make_node("Cast", [half.name], [tensor.name], to=TensorProto.FLOAT))
    for node in reversed(casts):
        model.graph.node.insert(0, node)
    with atomic_path(path) as part:
        onnx.save(model, part)
    after = _answers(path, crops)
    largest = max(float(np.abs(a - b).max()) for a, b in zip(before, after, strict=True))
    return HalvingCheck(largest, path.stat().st_size / 1e6)


def _answers(path: Path, crops: np.ndarray) -> list[np.ndarray]:
    return [np.asarray(output) for output in open_session(path).run(None, {INPUT: crops})]
