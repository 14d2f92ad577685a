"""What `mien synth` is asked for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mien.files import OutputFolder

MapName = Literal["depth", "normals", "parts"]


@dataclass(frozen=True)
class SynthConfig:
    """Draw synthetic pictures of heads with exact labels."""

    assets: Path
    """Folder that holds `ict_facekit/` and `makehuman/`."""
    count: int = 1000
    """How many pictures."""
    out: OutputFolder = Path("synth")
    """Folder for shards, manifest.json and a contact sheet."""
    size: int = 192
    """Side of the pictures, pixels."""
    seed: int = 0
    """First seed; picture i has seed `seed` + i."""
    workers: int = os.cpu_count() or 1
    """Processes that draw."""
    maps: tuple[MapName, ...] = ()
    """Labels of every pixel to be written too: depth, normals, parts."""
