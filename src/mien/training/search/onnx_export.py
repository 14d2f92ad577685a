"""A trained search network as an ONNX file for pictures of any size, with its card."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mien.datasets.search_scenes.batches import SceneDataset, scene_at
from mien.datasets.search_scenes.config import SceneDataConfig
from mien.datasets.search_scenes.targets import LARGEST_SIDE_PX, SMALLEST_SIDE_PX
from mien.landmarks.candidates import UNIT_SIDE_PX
from mien.landmarks.networks import open_session
from mien.landmarks.predictor import network_input
from mien.landmarks.pyramid import STRIDE_PX
from mien.learning.cards import length_option, read_manifests, write_card
from mien.learning.checkpoints import Checkpoint
from mien.learning.onnx_files import INPUT, ExportCheck, median_latency_ms, write_onnx
from mien.learning.quantisation import write_int8
from mien.training.search.network import SearchNetwork, SearchOutput
from mien.training.search.validation import SearchFigures, evaluate, validation_scenes

OUTPUTS = ("score", "geometry")
LARGEST_DIFFERENCE = 1e-3
"""How far ONNX Runtime may be from torch."""

_SHAPES = ((64, 96), (200, 136), (8, 8))
"""Heights and widths to compare on."""
_TIMED_SHAPE = (360, 640)

_CALIBRATION_SEED, _CALIBRATION_SCENES = 8_000_000, 128
"""Scenes that show how large activations become."""


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


@dataclass(frozen=True)
class SearchQuantisation:
    """A search network with 8 bits beside the one that it was made of, on scenes that did not calibrate it.

    Attributes:
        exact, rough: figures of both.
        latency_ms: of a 640 × 360 picture on one thread.
        file_mb: size, megabytes.
    """

    exact: SearchFigures
    rough: SearchFigures
    latency_ms: float
    file_mb: float


def quantise_search(network: str | Path, shards: Sequence[Path]) -> SearchQuantisation:
    """Rewrite an exported search network with 8-bit weights and activations: a third of the time.

    Args:
        network: the .onnx file, rewritten in place.
        shards: folders of the heads that scenes are composed of; held-out ones decide the figures.

    Raises:
        InputError: there are no shards, or ONNX Runtime cannot quantise this network.
    """
    network = Path(network)
    dataset = SceneDataset.of(SceneDataConfig(data=tuple(shards)), seed=_CALIBRATION_SEED)
    store = dataset.open_store()
    store.refresh()
    if not len(store):
        raise store.folders.nothing_there()
    scenes = [scene_at(dataset, store, 0, row).picture for row in range(_CALIBRATION_SCENES)]
    held_out = validation_scenes(dataset)
    exact = evaluate(_Exported(network), held_out)
    # Of the shipped network no sum of two products exceeds 30,500 of 32,767 on photographs.
    write_int8(network, network, kind="static", pictures=map(network_input, scenes), full_range=True)
    timed = np.random.default_rng(0).random((1, 3, *_TIMED_SHAPE), np.float32)
    return SearchQuantisation(
        exact=exact,
        rough=evaluate(_Exported(network), held_out),
        latency_ms=median_latency_ms(open_session(network), timed),
        file_mb=network.stat().st_size / 1e6,
    )


class _Exported(nn.Module):
    """A search network's file, answering as the network does."""

    def __init__(self, network: Path) -> None:
        super().__init__()
        self._session = open_session(network)

    def forward(self, image: torch.Tensor) -> SearchOutput:
        score, geometry = self._session.run(list(OUTPUTS), {INPUT: image.numpy()})
        return SearchOutput(torch.from_numpy(score), torch.from_numpy(geometry))


def write_search_card(
    checkpoint: Checkpoint,
    check: ExportCheck,
    network: Path,
    *,
    directories: Sequence[Path],
    quantised: SearchQuantisation | None = None,
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
            **({} if quantised is None else {"int8": quantisation_figures(quantised)}),
        },
        stride=STRIDE_PX,
        unit_side_px=UNIT_SIDE_PX,
        sides_px=[SMALLEST_SIDE_PX, LARGEST_SIDE_PX],
    )
    return path


def quantisation_figures(quantised: SearchQuantisation) -> dict[str, object]:
    """What the card says of 8 bits."""
    return {
        "synthetic_validation": asdict(quantised.rough),
        "synthetic_validation_float32": asdict(quantised.exact),
        "single_thread_ms_640x360": round(quantised.latency_ms, 2),
        "file_mb": round(quantised.file_mb, 3),
    }
