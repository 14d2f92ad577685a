"""An exported network with 8-bit weights and activations, and how much that changes its answers."""

from __future__ import annotations

import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from jaxtyping import Float32

from mien.errors import InputError, MissingExtraError
from mien.files import atomic_path
from mien.landmarks.networks import open_session
from mien.learning.onnx_files import INPUT, median_latency_ms

if TYPE_CHECKING:
    from mien.landmarks.networks import Session


@dataclass(frozen=True)
class QuantisationCheck:
    """An int8 network beside the float32 one that it was made of, over the same crops.

    Attributes:
        kind: "static" (convolutions too, activations calibrated on crops) or "dynamic" (matrix products).
        mean_px: mean distance between the two's landmarks, pixels of the crop.
        largest_px: largest distance.
        mean_log_sigma: mean absolute difference of log σ.
        latency_ms: median time for one crop on one thread, milliseconds.
        float32_latency_ms: the same for the float32 network.
        file_mb: size, megabytes.
        crops: number of crops compared.
    """

    kind: str
    mean_px: float
    largest_px: float
    mean_log_sigma: float
    latency_ms: float
    float32_latency_ms: float
    file_mb: float
    crops: int


def quantise(
    network: str | Path,
    out: str | Path,
    *,
    kind: str,
    crops: Float32[np.ndarray, "batch 3 size size"],
) -> QuantisationCheck:
    """Write `network` with int8 weights to `out` and compare the two.

    Static quantisation (per-channel weights, 8-bit activations in QDQ form) pays for convolutional networks
    on processors with int8 instructions. The last layer (or the spiral decoder) stays float32: a step of an
    8-bit position would be half a pixel of a crop of 128. Dynamic quantisation leaves convolutions alone and
    saves some space.

    Args:
        network: an ONNX file of `export_onnx`.
        out: file to write.
        kind: "static" or "dynamic".
        crops: RGB in [0, 1]; the first half calibrates (static), the second half is compared on.

    Raises:
        InputError: too few crops, or ONNX Runtime cannot quantise this network.
        MissingExtraError: the onnx package is missing.
    """
    network, out = Path(network), Path(out)
    if len(crops) < 2:
        raise InputError(
            f"needs at least two crops to calibrate and compare, got {len(crops)}", source="crops"
        )
    half = len(crops) // 2
    write_int8(network, out, kind=kind, pictures=[crop[None] for crop in crops[:half]])
    return _compare(network, out, kind, crops[half:])


def write_int8(
    network: Path,
    out: Path,
    *,
    kind: str,
    pictures: Iterable[Float32[np.ndarray, "1 3 height width"]],
    full_range: bool = False,
) -> None:
    """Write `network` with int8 weights to `out`, which may be the same file, as `quantise` does.

    Args:
        network: an ONNX file with the input "image".
        kind: "static" or "dynamic".
        pictures: inputs that show how large activations become (static).
        full_range: weights have 8 bits rather than 7 (static). Processors without VNNI sum two products in 16
            bits, and such sums may then be cut off.

    Raises:
        InputError: ONNX Runtime cannot quantise this network.
        MissingExtraError: the onnx package is missing.
    """
    level = logging.getLogger().level
    with atomic_path(out) as done, tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        part = Path(folder) / "int8.onnx"
        logging.getLogger().setLevel(logging.ERROR)  # the quantiser recommends its pre-processing at length
        try:
            _write(network, part, kind, pictures, full_range=full_range)
            _forget_unused_operators(part)
        except ImportError as error:
            raise MissingExtraError("int8 networks", extra="train", cause="onnx") from error
        except (RuntimeError, ValueError, TypeError, AttributeError) as error:
            raise InputError(f"cannot be quantised ({kind}): {error}", source=network) from error
        finally:
            logging.getLogger().setLevel(level)
        shutil.copyfile(part, done)


def _write(
    network: Path, out: Path, kind: str, calibration: Iterable[np.ndarray], *, full_range: bool
) -> None:
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_dynamic, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    prepared = out.with_name("prepared.onnx")
    quant_pre_process(str(network), str(prepared), skip_symbolic_shape=True)
    exact = _exact_nodes(prepared)
    if kind == "dynamic":
        quantize_dynamic(
            prepared,
            out,
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=["MatMul", "Gemm"],  # integer convolutions are several times slower
            nodes_to_exclude=exact,
        )
    elif kind == "static":
        quantize_static(
            prepared,
            out,
            cast(Any, _Calibration(calibration)),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=not full_range,
            op_types_to_quantize=["Conv", "Gemm", "MatMul", "Add", "MaxPool", "GlobalAveragePool", "Relu"],
            nodes_to_exclude=exact,
        )
    else:
        raise ValueError(f"unknown kind {kind!r}; choose static or dynamic")


def _forget_unused_operators(path: Path) -> None:
    """Name only the operator sets that a network uses: older versions of ONNX Runtime refuse a newer one,
    used or not, and the quantiser's preparation names all that it knows."""
    import onnx

    model = onnx.load(str(path))
    used = {node.domain for node in model.graph.node}
    kept = [entry for entry in model.opset_import if entry.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    onnx.save(model, str(path))


def _exact_nodes(path: Path) -> list[str]:
    """Names of the nodes of the network's `answer` (the last layer, or the spiral decoder) and behind it, and
    of the first convolution: of three channels it takes twice as long with 8 bits."""
    import onnx

    nodes = list(onnx.load(str(path)).graph.node)
    last = max((i for i, node in enumerate(nodes) if node.op_type in ("Gemm", "MatMul")), default=len(nodes))
    answers = [node.name for i, node in enumerate(nodes) if i >= last or "/answer/" in node.name]
    return answers + [node.name for node in nodes if node.op_type == "Conv"][:1]


class _Calibration:
    """Pictures one by one, as ONNX Runtime's calibration reads them."""

    def __init__(self, pictures: Iterable[np.ndarray]) -> None:
        self.coming = iter(pictures)

    def get_next(self) -> dict[str, np.ndarray] | None:
        picture = next(self.coming, None)
        return None if picture is None else {INPUT: picture}

    def set_range(self, start_index: int, end_index: int) -> None:
        raise NotImplementedError("all pictures are read at once")


def _compare(network: Path, quantised: Path, kind: str, crops: np.ndarray) -> QuantisationCheck:
    exact, rough = open_session(network), open_session(quantised)
    points, log_sigma = _answers(exact, crops)
    rough_points, rough_log_sigma = _answers(rough, crops)
    distance_px = np.linalg.norm(points - rough_points, axis=-1) * crops.shape[-1] / 2
    return QuantisationCheck(
        kind=kind,
        mean_px=float(distance_px.mean()),
        largest_px=float(distance_px.max()),
        mean_log_sigma=float(np.abs(log_sigma - rough_log_sigma).mean()),
        latency_ms=median_latency_ms(rough, crops[:1]),
        float32_latency_ms=median_latency_ms(exact, crops[:1]),
        file_mb=quantised.stat().st_size / 1e6,
        crops=len(crops),
    )


def _answers(session: Session, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    each = (session.run(["points", "log_sigma"], {INPUT: crop[None]}) for crop in crops)
    points, log_sigma = zip(*each, strict=True)
    return np.concatenate(points), np.concatenate(log_sigma)
