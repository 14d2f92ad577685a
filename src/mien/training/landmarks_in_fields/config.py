"""How the networks that find landmarks in fields are trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mien.landmarks_in_fields.config import FieldNetworkConfig, FineNetworkConfig
from mien.learning.config import TrainingConfig


@dataclass(frozen=True)
class VolumeDataConfig:
    """Boxes cut from volumes of synthetic heads, in batches."""

    volumes: tuple[Path, ...]
    """Folders of volumes."""
    expressions: Literal["all", "basic", "warped"] = "all"
    """Volumes of every expression, some warped to others; of the 20 basic ones as they are; or many of these
    warped by thin-plate splines."""
    batch: int = 16
    """Samples in a step (the paper: 32)."""
    fresh: float = 0.25
    """Share of each batch that is cut anew from the volumes; the rest is used again."""


@dataclass(frozen=True)
class CoarseTrainingConfig:
    """A training of the coarse network."""

    samples: VolumeDataConfig
    """The data."""
    network: FieldNetworkConfig = field(default_factory=FieldNetworkConfig)
    """Architecture."""
    training: TrainingConfig = field(
        default_factory=lambda: TrainingConfig(
            max_minutes=60.0,
            learning_rate=1e-3,
            weight_decay=0.01,
            final_rate=0.008,  # from the paper's 1e-3 to its 8e-6
            half_precision=False,  # no quicker with volumes this small
            threads=1,
            checkpoint_minutes=2.0,
            log_steps=50,
        )
    )
    """Length, rates, device; on resuming, these may differ from the first part's. New volumes are taken in
    with every checkpoint."""
    start_from: Path | None = None
    """Begin with the weights of this checkpoint, of the file of another pair of networks, or of the "shipped"
    ones, instead of random ones."""


@dataclass(frozen=True)
class FineTrainingConfig(CoarseTrainingConfig):
    """A training of the fine network."""

    network: FineNetworkConfig = field(default_factory=FineNetworkConfig)
    """Architecture; with `start_from`, that of the other training may have been without heatmaps."""
    coarse: Path | None = None
    """Checkpoint of the coarse network at whose predictions half of the boxes are cut, or a file of both
    networks, or "shipped"."""
