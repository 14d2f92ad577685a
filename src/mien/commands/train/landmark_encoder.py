"""`mien train landmark-encoder`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import parse
from mien.commands.train.display import need_training
from mien.commands.usage import UsageError
from mien.files import OutputFile


@dataclass(frozen=True)
class LandmarkEncoderConfig:
    """Write a landmark network as a frozen encoder, with its card; nothing is trained.

    What it finds and its last hidden layer are what `mien train encode-lifting` then keeps of crops.
    """

    of: str = "realtime"
    """A shipped landmark network, or an .onnx file (a lifting network too), for crops of 192 pixels."""
    out: OutputFile = Path("encoder.onnx")
    """ONNX file to write; the card is named after it."""


def run(arguments: list[str]) -> int:
    """Write; returns the exit code."""
    config = parse(LandmarkEncoderConfig, arguments, prog="mien train landmark-encoder")
    if config.out.suffix != ".onnx":
        raise UsageError("--out: the name must end in .onnx", source=config.out)
    need_training("onnx")
    from mien.datasets.landmark_encoder import write_landmark_encoder
    from mien.landmarks.networks import find_network

    written = write_landmark_encoder(find_network(config.of), config.out)
    print(
        f"{written.path}: {written.points} points and {written.features} features of a crop, "
        f"{written.file_mb:.1f} MB; card beside it"
    )
    return 0
