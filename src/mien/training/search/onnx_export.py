"""A trained search network as an ONNX file for pictures of any size, with its card, checked against torch."""

from __future__ import annotations

import copy
import datetime
import json
import os
import statistics
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from mien.errors import InputError
from mien.landmarks.candidates import UNIT_SIDE_PX
from mien.landmarks.networks import CARD_FORMAT_VERSION, open_session
from mien.landmarks.pyramid import STRIDE_PX
from mien.training.landmark_network.onnx_export import read_manifests
from mien.training.search.checkpoints import SearchCheckpoint
from mien.training.search.network import SearchNetwork
from mien.training.search.targets import LARGEST_SIDE_PX, SMALLEST_SIDE_PX

OUTPUTS = ("score", "geometry")
LARGEST_DIFFERENCE = 1e-3
"""How far ONNX Runtime may be from torch."""


@dataclass(frozen=True)
class SearchExportCheck:
    """How an exported file compares with the network it came from.

    Attributes:
        largest_difference: over all outputs, for pictures of several sizes.
        latency_ms: median time for a 640 × 360 picture on one thread, milliseconds.
        file_mb: size, megabytes.
    """

    largest_difference: float
    latency_ms: float
    file_mb: float


class _PlainOutputs(torch.nn.Module):
    def __init__(self, network: SearchNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return tuple(self.network(image))


def export_search(network: SearchNetwork, path: str | Path) -> SearchExportCheck:
    """Write the network with input "image" and outputs "score" and "geometry".

    The file appears only once it agrees with torch.

    Raises:
        InputError: the exported graph answers differently.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.stem + ".part.onnx")
    original = network.eval()
    folded = copy.deepcopy(original)
    folded = folded.to(memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue]
    folded.fold()
    axes = {"image": {2: "height", 3: "width"}} | {name: {2: "rows", 3: "columns"} for name in OUTPUTS}
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # the TorchScript exporter is marked as old but writes a smaller graph
        torch.onnx.export(
            _PlainOutputs(folded),
            (torch.rand(1, 3, 64, 96),),
            str(part),
            input_names=["image"],
            output_names=list(OUTPUTS),
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
    try:
        check = _check(original, part)
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
def _check(network: SearchNetwork, path: Path) -> SearchExportCheck:
    session = open_session(path)
    random = np.random.default_rng(0)
    largest = 0.0
    for height, width in ((64, 96), (200, 136), (8, 8)):
        image = random.random((1, 3, height, width), np.float32)
        expected = network(torch.from_numpy(image))
        for wanted, answer in zip(expected, session.run(list(OUTPUTS), {"image": image}), strict=True):
            largest = max(largest, float(np.abs(wanted.numpy() - np.asarray(answer)).max()))
    image = random.random((1, 3, 360, 640), np.float32)
    times_ms = []
    for _ in range(9):
        begin = time.perf_counter()
        session.run(list(OUTPUTS), {"image": image})
        times_ms.append(1e3 * (time.perf_counter() - begin))
    return SearchExportCheck(largest, statistics.median(times_ms), path.stat().st_size / 1e6)


def write_search_card(
    checkpoint: SearchCheckpoint, check: SearchExportCheck, network: Path, *, directories: list[Path]
) -> Path:
    """Write the card beside the network: what a user of the weights should know. Returns its path."""
    from mien import __version__

    training = checkpoint.training
    length = (
        f"--max-steps {training['max_steps']}"
        if training["max_steps"] is not None
        else f"--max-minutes {training['max_minutes']:g}"
    )
    card = {
        "format_version": CARD_FORMAT_VERSION,
        "name": network.stem,
        "stride": STRIDE_PX,
        "unit_side_px": UNIT_SIDE_PX,
        "sides_px": [SMALLEST_SIDE_PX, LARGEST_SIDE_PX],
        "mien_version": __version__,
        "training_data": {
            "kind": "scenes composed of synthetic pictures made with `mien synth`; no photographs of people",
            "manifests": read_manifests(directories),
            "scenes_presented": checkpoint.step * training["batch"],
        },
        "seed": training["seed"],
        "command": f"mien train search --data {' '.join(training['data'])} --out OUT {length} "
        f"--batch {training['batch']} --seed {training['seed']}",
        "training": {**training, "steps": checkpoint.step, "minutes": checkpoint.elapsed_s / 60},
        "figures": {
            "synthetic_validation": checkpoint.figures,
            "single_thread_ms_640x360": round(check.latency_ms, 2),
            "difference_from_torch": check.largest_difference,
            "file_mb": round(check.file_mb, 3),
        },
        "licence": "Apache-2.0",
        "date": datetime.date.today().isoformat(),
    }
    path = network.with_suffix(".card.json")
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(part, path)
    return path
