"""`mien train encode-crops`."""

from __future__ import annotations

from dataclasses import dataclass

from mien.commands.arguments import Flat, parse
from mien.commands.display import progress_bar
from mien.commands.train.display import need_training
from mien.training.read_out.config import EncodeConfig


@dataclass(frozen=True)
class EncodeCropsConfig:
    """Show augmented crops of synthetic faces to frozen networks, and keep what they say.

    A folder can be continued, and grown with a larger --count.
    """

    crops: Flat[EncodeConfig]
    """Pictures, encoders, how many."""


def run(arguments: list[str]) -> int:
    """Encode; returns the exit code."""
    config = parse(EncodeCropsConfig, arguments, prog="mien train encode-crops").crops
    need_training("torch")
    from mien.training.read_out.encoding import encode_crops

    with progress_bar("reading pictures") as bar:
        encode_crops(config, report=bar)
    print(f"written: {config.out}\nnext: mien train read-out --data {config.out}")
    return 0
