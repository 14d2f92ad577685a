"""A trained network as an ONNX file with its card, checked against torch."""

from __future__ import annotations

import datetime
import json
import os
import statistics
import time
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32
from torch import nn

from mien.errors import InputError
from mien.training.landmark_network.checkpoints import Checkpoint
from mien.training.landmark_network.half_weights import HalvingCheck
from mien.training.landmark_network.networks import LandmarkNetwork
from mien.training.landmark_network.quantisation import QuantisationCheck

OUTPUTS = ("points", "log_sigma", "presence")
CARD_FORMAT_VERSION = 1
LARGEST_DIFFERENCE = 1e-4
"""How far ONNX Runtime may be from torch, in the network's units."""


@dataclass(frozen=True)
class ExportCheck:
    """How an exported file compares with the network it came from.

    Attributes:
        largest_difference: over all outputs and inputs, in the network's units.
        latency_ms: median time for one crop on one thread, milliseconds.
        file_mb: size, megabytes.
    """

    largest_difference: float
    latency_ms: float
    file_mb: float


class _PlainOutputs(nn.Module):
    """The network with a plain tuple as its answer, as the exporter wants it."""

    def __init__(self, network: LandmarkNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        return tuple(self.network(image))


def export_onnx(
    network: LandmarkNetwork,
    path: str | Path,
    *,
    crops: Float32[np.ndarray, "batch 3 size size"] | None = None,
) -> ExportCheck:
    """Write the network with input "image" and outputs "points", "log_sigma", "presence" (any batch size).

    Normalisations are folded into the convolutions. The file appears only once it agrees with torch on random
    crops and on `crops`, if given (RGB in [0, 1]).

    Raises:
        InputError: the exported graph answers differently.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    network = network.eval().cpu().to(memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue]
    size = network.config.input_size
    example = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    with warnings.catch_warnings():
        # the TorchScript exporter is marked as old, but it folds normalisations and writes the smaller graph
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _PlainOutputs(network).eval(),  # the exporter gives every part the outermost one's mode
            (example,),
            str(part),
            input_names=["image"],
            output_names=list(OUTPUTS),
            dynamic_axes={name: {0: "batch"} for name in ("image", *OUTPUTS)},
            opset_version=17,
            dynamo=False,
        )
    inputs = [example.numpy()] if crops is None else [example.numpy(), crops]
    try:
        check = check_onnx(network, part, inputs)
        if not check.largest_difference < LARGEST_DIFFERENCE:
            raise InputError(
                f"differs from torch by {check.largest_difference:.2g}, more than {LARGEST_DIFFERENCE}; the "
                "weights may hold huge values, train on with a lower learning rate",
                source=path,
            )
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return check


@torch.no_grad()
def check_onnx(network: LandmarkNetwork, path: str | Path, inputs: list[np.ndarray]) -> ExportCheck:
    """Compare an exported file with the network on the given inputs, and time it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    largest = 0.0
    for crops in inputs:
        expected = network(torch.from_numpy(np.ascontiguousarray(crops)))
        for wanted, answer in zip(expected, session.run(list(OUTPUTS), {"image": crops}), strict=True):
            largest = max(largest, float(np.abs(wanted.numpy() - answer).max()))
    times_ms = []
    for _ in range(60):
        begin = time.perf_counter()
        session.run(list(OUTPUTS), {"image": inputs[0][:1]})
        times_ms.append(1e3 * (time.perf_counter() - begin))
    return ExportCheck(largest, statistics.median(times_ms), Path(path).stat().st_size / 1e6)


def write_card(
    checkpoint: Checkpoint,
    check: ExportCheck,
    path: str | Path,
    *,
    name: str,
    command: str,
    data: list[dict],
    quantised: QuantisationCheck | None = None,
    halved: HalvingCheck | None = None,
) -> None:
    """Write what a user of the weights should know, as JSON, beside them.

    Args:
        checkpoint: where the weights come from.
        check: of the exported file.
        path: of the card, `NAME.card.json`.
        name: name of the network, for example "realtime".
        command: the command line that trained it.
        data: the manifests of the training data.
        quantised: how the int8 network beside it compares, if there is one.
        halved: what storing the weights with 16 bits changed, if they are.
    """
    from mien import __version__

    card = {
        "format_version": CARD_FORMAT_VERSION,
        "name": name,
        "set_name": checkpoint.set_name,
        "input_size": checkpoint.network_config.input_size,
        "network": checkpoint.network_config.network,
        "decoder": checkpoint.network_config.decoder,
        "mien_version": __version__,
        "training_data": {
            "kind": "synthetic pictures made with `mien synth`; no photographs of people",
            "manifests": data,
            "pictures_presented": checkpoint.pictures,
        },
        "seed": checkpoint.training.get("seed"),
        "command": command,
        "training": {**checkpoint.training, "steps": checkpoint.step, "minutes": checkpoint.elapsed_s / 60},
        "figures": {
            "synthetic_validation": checkpoint.figures,
            "single_thread_ms": round(check.latency_ms, 3),
            "difference_from_torch": check.largest_difference,
            "file_mb": round(check.file_mb if halved is None else halved.file_mb, 3),
            **({} if halved is None else {"difference_by_half_weights": halved.largest_difference}),
            **({} if quantised is None else {"int8": asdict(quantised)}),
        },
        "licence": "Apache-2.0",
        "date": datetime.date.today().isoformat(),
    }
    path = Path(path)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n")
    os.replace(part, path)


def read_manifests(directories: list[Path]) -> list[dict]:
    """The manifests of data folders, where they have one, without machine paths."""
    manifests = []
    for directory in directories:
        path = Path(directory) / "manifest.json"
        manifests.append(json.loads(path.read_text()) if path.is_file() else {"name": Path(directory).name})
    return manifests


def sample_crops(
    checkpoint: Checkpoint, directories: list[Path], *, most: int = 32
) -> Float32[np.ndarray, "batch 3 size size"]:
    """Crops of held-out faces in the network's input form, to check an export on."""
    from mien.training.landmark_network.layout import load_layout
    from mien.training.landmark_network.shards import FaceStore

    store = FaceStore(directories, load_layout(checkpoint.set_name), part="validation")
    store.refresh(limit=1)
    if not len(store):
        raise InputError("no shards there; make some with: mien synth", source=directories[0])
    faces = [store[index] for index in range(min(most, len(store)))]
    size = checkpoint.network_config.input_size
    crops = np.stack([face.region.crop(face.picture, size) for face in faces])
    return np.ascontiguousarray(crops.transpose(0, 3, 1, 2), dtype=np.float32) / np.float32(255)


def training_command(checkpoint: Checkpoint) -> str:
    """The command line that makes such a checkpoint."""
    training = checkpoint.training
    length = (
        f"--max-steps {training['max_steps']}"
        if training["max_steps"] is not None
        else f"--max-minutes {training['max_minutes']:g}"
    )
    config = checkpoint.network_config
    changed = ""
    if config.decoder != "mlp":
        changed += f" --decoder {config.decoder}"
    if config.input_size != 128:
        changed += f" --size {config.input_size}"
    if training.get("edge_weight"):
        changed += f" --edge-weight {training['edge_weight']:g}"
    if training.get("crop_scale", 1.0) != 1:
        changed += f" --crop-scale {training['crop_scale']:g}"
    if training.get("opening_weight") is not None:
        changed += f" --opening-weight {training['opening_weight']:g}"
    if not training.get("augmentation", True):
        changed += " --no-augmentation"
    return (
        f"mien train landmarks --data {' '.join(training['data'])} --out OUT "
        f"--network {config.network}{changed} --set {checkpoint.set_name} {length} "
        f"--batch {training['batch']} --learning-rate {training['learning_rate']:g} "
        f"--loss {training['loss']} --seed {training['seed']}"
    )
