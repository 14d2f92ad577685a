"""A trained search network as an ONNX file for pictures of any size, with its card."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from mien.datasets.search_scenes.targets import LARGEST_SIDE_PX, SMALLEST_SIDE_PX
from mien.landmarks.candidates import UNIT_SIDE_PX
from mien.landmarks.pyramid import STRIDE_PX
from mien.learning.cards import length_option, read_manifests, write_card
from mien.learning.checkpoints import Checkpoint
from mien.learning.onnx_files import INPUT, ExportCheck, write_onnx
from mien.training.search.network import SearchNetwork

OUTPUTS = ("score", "geometry")
LARGEST_DIFFERENCE = 1e-3
"""How far ONNX Runtime may be from torch."""

_SHAPES = ((64, 96), (200, 136), (8, 8))
"""Heights and widths to compare on."""
_TIMED_SHAPE = (360, 640)


def export_search(network: SearchNetwork, path: str | Path) -> ExportCheck:
    """Write the network with input "image" and outputs "score" and "geometry".

    The file appears only once it agrees with torch; the time is that of a 640 × 360 picture.

    Raises:
        InputError: the exported graph answers differently.
    """
    network = network.eval()
    folded = copy.deepcopy(network)
    folded = folded.to(memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue]
    folded.fold()
    random = np.random.default_rng(0)
    images = [random.random((1, 3, *shape), np.float32) for shape in (*_SHAPES, _TIMED_SHAPE)]
    cells = {2: "rows", 3: "columns"}
    return write_onnx(
        folded,
        path,
        outputs=OUTPUTS,
        dynamic_axes={INPUT: {2: "height", 3: "width"}, **dict.fromkeys(OUTPUTS, cells)},
        inputs=images[:-1],
        timed=images[-1],
        largest_difference=LARGEST_DIFFERENCE,
        reference=network,
    )


def write_search_card(
    checkpoint: Checkpoint, check: ExportCheck, network: Path, *, directories: Sequence[Path]
) -> Path:
    """Write the card beside the network: what a user of the weights should know. Returns its path."""
    settings = checkpoint.settings
    path = network.with_suffix(".card.json")
    write_card(
        path,
        checkpoint,
        name=network.stem,
        command=f"mien train search --data {' '.join(settings['data'])} --out OUT {length_option(settings)} "
        f"--batch {settings['batch']} --seed {settings['seed']}",
        training_data={
            "kind": "scenes composed of synthetic pictures made with `mien synth`; no photographs of people",
            "manifests": read_manifests(directories),
            "scenes_presented": checkpoint.samples,
        },
        figures={
            "single_thread_ms_640x360": round(check.latency_ms, 2),
            "difference_from_torch": check.largest_difference,
            "file_mb": round(check.file_mb, 3),
        },
        stride=STRIDE_PX,
        unit_side_px=UNIT_SIDE_PX,
        sides_px=[SMALLEST_SIDE_PX, LARGEST_SIDE_PX],
    )
    return path
