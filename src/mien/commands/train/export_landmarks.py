"""`mien train export-landmarks`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mien.commands.arguments import Flat, parse
from mien.commands.options import CheckpointOption, LooksOptions
from mien.commands.train.display import need_training
from mien.errors import InputError
from mien.files import OutputFile


@dataclass(frozen=True)
class ExportLandmarksConfig:
    """Write a trained landmark network as an ONNX file, checked against torch, with its card beside it."""

    trained: Flat[CheckpointOption]
    out: OutputFile
    """ONNX file to write; the card is named after it (realtime.onnx: realtime.card.json)."""
    data: tuple[Path, ...] = ()
    """Folders of shards it was trained on: their manifests go into the card, their faces into the check."""
    int8: Literal["none", "static", "dynamic"] = "none"
    """Also write NAME.int8.onnx (needs --data) and how it differs; static quantises convolutions too."""
    half_weights: bool = False
    """Store weights with 16 bits: half the size, computed with 32 bits as before (needs --data)."""
    looks: Flat[LooksOptions] = LooksOptions()
    honest_sigma: bool = False
    """Measure on held-out faces of --data how σ must be scaled to be honest, and note it in the card."""
    command: str = ""
    """Command line that trained it, for the card; pieced together from the checkpoint if left out."""


def run(arguments: list[str]) -> int:
    """Export; returns the exit code."""
    config = parse(ExportLandmarksConfig, arguments, prog="mien train export-landmarks")
    need_training()
    _check(config)
    from mien.learning.cards import add_to_card, read_manifests
    from mien.learning.half_weights import halve_weights
    from mien.learning.quantisation import quantise
    from mien.training.landmarks.checkpoints import averaged_network, read_checkpoint
    from mien.training.landmarks.onnx_export import (
        export_onnx,
        looks_of,
        sample_crops,
        training_command,
        write_landmark_card,
    )

    checkpoint = read_checkpoint(config.trained.checkpoint)
    crops = sample_crops(checkpoint, config.data, most=64) if config.data else None
    check = export_onnx(averaged_network(checkpoint), config.out, crops=crops)
    looks = looks_of(checkpoint, scales=config.looks.look_scales, mirrored=config.looks.mirrored_looks)
    networks = [config.out]
    quantised = halved = None
    if config.int8 != "none" and crops is not None:
        networks.append(config.out.with_suffix(".int8.onnx"))
        quantised = quantise(config.out, networks[-1], kind=config.int8, crops=crops)
    if config.half_weights and crops is not None:
        halved = halve_weights(config.out, crops=crops)
    for network in networks:
        card = network.with_suffix(".card.json")
        write_landmark_card(
            checkpoint,
            check,
            card,
            name=network.stem,
            command=config.command or training_command(checkpoint),
            data=read_manifests(config.data),
            quantised=quantised,
            halved=halved,
            looks=looks,
        )
        if config.honest_sigma:
            add_to_card(card, sigma_scale=_sigma_scale(network, config.data))
    print(
        f"{config.out}: {check.file_mb:.1f} MB, {check.latency_ms:.2f} ms a crop on one thread, "
        f"at most {check.largest_difference:.1e} from torch; card beside it"
    )
    if halved is not None:
        print(
            f"weights with 16 bits: {halved.file_mb:.1f} MB, "
            f"outputs at most {halved.largest_difference:.1e} away"
        )
    if quantised is not None:
        print(
            f"{networks[-1]}: {quantised.file_mb:.1f} MB, {quantised.latency_ms:.2f} ms a crop, "
            f"points {quantised.mean_px:.2f} px from float32 on average, at most {quantised.largest_px:.2f}"
        )
    print(f"try it: mien landmarks photo.jpg --model {config.out}")
    return 0


def _check(config: ExportLandmarksConfig) -> None:
    if config.out.suffix != ".onnx":
        raise InputError("the name must end in .onnx", source=config.out)
    needs_faces = {
        "--int8": config.int8 != "none",
        "--half-weights": config.half_weights,
        "--honest-sigma": config.honest_sigma,
    }
    for option, wanted in needs_faces.items():
        if wanted and not config.data:
            raise InputError("needs faces to compare on; name their folders with --data", source=option)


def _sigma_scale(network: Path, data: tuple[Path, ...]) -> float:
    """By how much the network's σ must be scaled to be honest, with the looks of its card."""
    from mien.evaluation.landmarks.exact_faces import read_exact_faces
    from mien.evaluation.landmarks.sigma_calibration import sigma_scale

    return round(sigma_scale(network, read_exact_faces(data, most=300)), 3)
