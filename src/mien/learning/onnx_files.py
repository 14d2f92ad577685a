"""A network as an ONNX file that answers as torch does."""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from mien.errors import InputError
from mien.files import atomic_path
from mien.landmarks.networks import open_session

if TYPE_CHECKING:
    from mien.landmarks.networks import Session

INPUT = "image"


@dataclass(frozen=True)
class ExportCheck:
    """How an exported file compares with the network it came from.

    Attributes:
        largest_difference: over all outputs and inputs, in the network's units.
        latency_ms: median time for one input on one thread, milliseconds.
        file_mb: size, megabytes.
    """

    largest_difference: float
    latency_ms: float
    file_mb: float


class _PlainOutputs(nn.Module):
    """A network with a plain tuple as its answer, as the exporter wants it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.network(image))


def write_onnx(
    network: nn.Module,
    path: str | Path,
    *,
    outputs: Sequence[str],
    dynamic_axes: Mapping[str, Mapping[int, str]],
    inputs: Sequence[np.ndarray],
    timed: np.ndarray,
    largest_difference: float,
    reference: nn.Module | None = None,
) -> ExportCheck:
    """Write a network with input "image"; the file appears only once it agrees with torch.

    Args:
        network: in eval mode, contiguous, on the CPU; its answer is a tuple in the order of `outputs`.
        outputs: names of the outputs.
        dynamic_axes: axes without a fixed size by input or output, with a name each.
        inputs: what to compare on; the first is traced.
        timed: one input, to time.
        largest_difference: between torch and the file, over all outputs.
        reference: what to compare with, if `network` was prepared for the export.

    Raises:
        InputError: the exported graph answers differently.
    """
    with atomic_path(path) as part:
        with warnings.catch_warnings():
            # the TorchScript exporter is marked as old, but it folds normalisations and writes smaller graphs
            warnings.simplefilter("ignore")
            torch.onnx.export(
                _PlainOutputs(network).eval(),  # the exporter gives every part the outermost one's mode
                (torch.from_numpy(inputs[0]),),
                str(part),
                input_names=[INPUT],
                output_names=list(outputs),
                dynamic_axes={name: dict(axes) for name, axes in dynamic_axes.items()},
                opset_version=17,
                dynamo=False,
            )
        session = open_session(part)
        difference = _difference(reference or network, session, inputs, outputs)
        if not difference < largest_difference:
            raise InputError(
                f"differs from torch by {difference:.2g}, more than {largest_difference}; the weights may "
                "hold huge values, train on with a lower learning rate",
                source=path,
            )
        return ExportCheck(difference, median_latency_ms(session, timed), part.stat().st_size / 1e6)


@torch.no_grad()
def _difference(
    network: nn.Module, session: Session, inputs: Sequence[np.ndarray], outputs: Sequence[str]
) -> float:
    largest = 0.0
    for image in inputs:
        expected = network(torch.from_numpy(np.ascontiguousarray(image)))
        for wanted, answer in zip(expected, session.run(list(outputs), {INPUT: image}), strict=True):
            largest = max(largest, float(np.abs(wanted.numpy() - np.asarray(answer)).max()))
    return largest


def median_latency_ms(session: Session, image: np.ndarray, *, runs: int = 30) -> float:
    """Median time that a session takes for an input, milliseconds."""
    times_ms = []
    for _ in range(runs):
        begin = time.perf_counter()
        session.run(None, {INPUT: image})
        times_ms.append(1e3 * (time.perf_counter() - begin))
    return statistics.median(times_ms)
