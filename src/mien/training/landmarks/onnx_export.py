"""A trained landmark network as an ONNX file with its card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32

from mien.datasets.crops.layout import load_layout
from mien.datasets.crops.shards import FaceStore
from mien.errors import InputError
from mien.landmarks.crops import Crop
from mien.learning.cards import length_option, write_card
from mien.learning.checkpoints import Checkpoint
from mien.learning.half_weights import HalvingCheck
from mien.learning.onnx_files import INPUT, ExportCheck, write_onnx
from mien.learning.quantisation import QuantisationCheck
from mien.training.landmarks.checkpoints import network_config, set_name
from mien.training.landmarks.networks import LandmarkNetwork

OUTPUTS = ("points", "log_sigma", "presence")
LARGEST_DIFFERENCE = 1e-4
"""How far ONNX Runtime may be from torch, in the network's units."""


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
    network = network.eval().cpu().to(memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue]
    size = network.config.input_size
    example = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0)).numpy()
    return write_onnx(
        network,
        path,
        outputs=OUTPUTS,
        dynamic_axes={name: {0: "batch"} for name in (INPUT, *OUTPUTS)},
        inputs=[example] if crops is None else [example, crops],
        timed=example[:1],
        largest_difference=LARGEST_DIFFERENCE,
    )


def looks_of(checkpoint: Checkpoint, *, scales: Sequence[float] = (), mirrored: bool = False) -> list[Crop]:
    """Looks at the given scales, or as in the training; mirrored ones too if asked for."""
    sizes = scales or (float(checkpoint.settings["crop_scale"]),)
    return [Crop(scale, side) for scale in sizes for side in ((False, True) if mirrored else (False,))]


def write_landmark_card(
    checkpoint: Checkpoint,
    check: ExportCheck,
    path: str | Path,
    *,
    name: str,
    command: str,
    data: list[dict],
    quantised: QuantisationCheck | None = None,
    halved: HalvingCheck | None = None,
    looks: list[Crop] | None = None,
) -> None:
    """Write the card of an exported network.

    Args:
        checkpoint: where the weights come from.
        check: of the exported file.
        path: of the card, `NAME.card.json`.
        name: name of the network, for example "realtime".
        command: the command line that trained it.
        data: the manifests of the training data.
        quantised: how the int8 network beside it compares, if there is one.
        halved: what storing the weights with 16 bits changed, if they are.
        looks: how regions are to be shown to the network; left out, as in its training.
    """
    looks = looks or looks_of(checkpoint)
    network = network_config(checkpoint)
    entries = {} if looks == [Crop()] else {"looks": [asdict(look) for look in looks]}
    figures: dict[str, Any] = {
        "single_thread_ms": round(check.latency_ms, 3),
        "difference_from_torch": check.largest_difference,
        "file_mb": round(check.file_mb if halved is None else halved.file_mb, 3),
    }
    if halved is not None:
        figures["difference_by_half_weights"] = halved.largest_difference
    if quantised is not None:
        figures["int8"] = asdict(quantised)
    write_card(
        path,
        checkpoint,
        name=name,
        command=command,
        training_data={
            "kind": "synthetic pictures made with `mien synth`; no photographs of people",
            "manifests": data,
            "pictures_presented": checkpoint.samples,
        },
        figures=figures,
        set_name=set_name(checkpoint),
        input_size=network.input_size,
        network=network.network,
        decoder=network.decoder,
        **entries,
    )


def sample_crops(
    checkpoint: Checkpoint, directories: Sequence[Path], *, most: int = 32
) -> Float32[np.ndarray, "batch 3 size size"]:
    """Crops of held-out faces in the network's input form, to check an export on."""
    store = FaceStore(directories, load_layout(set_name(checkpoint)), part="validation")
    store.refresh(limit=1)
    if not len(store):
        raise InputError("no shards there; make some with: mien synth", source=directories[0])
    faces = [store[index] for index in range(min(most, len(store)))]
    size = network_config(checkpoint).input_size
    crops = np.stack([face.region.crop(face.picture, size) for face in faces])
    return np.ascontiguousarray(crops.transpose(0, 3, 1, 2), dtype=np.float32) / np.float32(255)


def training_command(checkpoint: Checkpoint) -> str:
    """The command line that makes such a checkpoint."""
    settings, config = checkpoint.settings, network_config(checkpoint)
    changed = ""
    if config.decoder != "mlp":
        changed += f" --decoder {config.decoder}"
    if config.input_size != 128:
        changed += f" --size {config.input_size}"
    if settings["edge_weight"]:
        changed += f" --edge-weight {settings['edge_weight']:g}"
    if settings["crop_scale"] != 1:
        changed += f" --crop-scale {settings['crop_scale']:g}"
    changed += f" --opening-weight {settings['opening_weight']:g}"
    if settings["initial"]:
        changed += f" --initial {settings['initial']}"
    if not settings["augmentation"]:
        changed += " --no-augmentation"
    return (
        f"mien train landmarks --data {' '.join(settings['data'])} --out OUT "
        f"--network {config.network}{changed} --set {set_name(checkpoint)} {length_option(settings)} "
        f"--batch {settings['batch']} --learning-rate {settings['learning_rate']:g} "
        f"--loss {settings['loss']} --seed {settings['seed']}"
    )
