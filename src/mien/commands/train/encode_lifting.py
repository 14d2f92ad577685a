"""`mien train encode-lifting`."""

from __future__ import annotations

from dataclasses import dataclass

from mien.commands.arguments import Flat, parse
from mien.commands.display import progress_bar
from mien.datasets.lifting.encoding import EncodeLiftsConfig


@dataclass(frozen=True)
class EncodeLiftingConfig:
    """Show crops of posed views to frozen networks, and keep what they say.

    A folder can be continued when more views were drawn.
    """

    crops: Flat[EncodeLiftsConfig]
    """Views, encoders, how many."""


def run(arguments: list[str]) -> int:
    """Encode; returns the exit code."""
    config = parse(EncodeLiftingConfig, arguments, prog="mien train encode-lifting").crops
    from mien.datasets.lifting.encoding import encode_views

    with progress_bar("encoding") as bar:
        encode_views(config, report=bar)
    print(f"written: {config.out}\nnext: mien train lifting --views {config.out} --labels LABELS.npz")
    return 0
