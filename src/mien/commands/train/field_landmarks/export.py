"""`mien train field-landmarks export`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mien.commands.arguments import parse
from mien.commands.train.display import need_training
from mien.commands.train.field_landmarks import PROG
from mien.files import OutputFile


@dataclass(frozen=True)
class ExportFieldLandmarksConfig:
    """Put a coarse and a fine network into one file, with its card beside it."""

    coarse: Path
    """The coarse network's checkpoint.pt; or a file of both networks, or "shipped", to take its coarse one
    over."""
    fine: Path
    """The fine network's, in the same ways."""
    out: OutputFile
    """The .safetensors file to write."""
    volumes: tuple[Path, ...] = ()
    """Folders of volumes: predicted standard deviations are made to fit the errors on their held-out volumes
    of trained fields."""


def run(arguments: list[str]) -> int:
    """Export; returns the exit code."""
    config = parse(ExportFieldLandmarksConfig, arguments, prog=f"{PROG} export")
    need_training("torch", "safetensors")
    from mien.training.landmarks_in_fields.export import export_networks

    path = export_networks(coarse=config.coarse, fine=config.fine, out=config.out, volumes=config.volumes)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB; card beside it")
    print(f"try it: mien field landmarks FIELD --networks {path}")
    return 0
