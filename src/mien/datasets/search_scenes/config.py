"""Which synthetic heads the face search is trained on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SceneDataConfig:
    """Scenes composed of synthetic heads, in batches."""

    data: tuple[Path, ...]
    """Folders of shards."""
    set: str = "dense320"
    """Landmark set whose face points define a face's region."""
    batch: int = 24
    """Scenes per step."""
    max_pictures: int = 15_000
    """Most heads kept in memory (83 kB each)."""
    held_out: int = 1
    """Shards with a number below this are kept for validation."""
