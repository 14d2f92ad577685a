"""Which synthetic pictures a landmark network is trained on, and how they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CropDataConfig:
    """Crops of synthetic faces, in batches."""

    data: tuple[Path, ...]
    """Folders of shards."""
    set: str = "dense320"
    """Landmark set to predict."""
    size: int = 128
    """Side of the crop, pixels."""
    crop_scale: float = 1.0
    """Side of the crops over that of a face's region: below 1, the face is larger in them and its
    surroundings are cut off. The card tells whoever uses the network."""
    batch: int = 256
    """Samples per step."""
    augmentation: bool = True
    """Change the synthetic pictures at random; without it they are shown as they are."""
    max_pictures: int = 60_000
    """Most pictures kept in memory (110 kB each)."""
    held_out: int = 1
    """Shards with a number below this are kept for validation."""
