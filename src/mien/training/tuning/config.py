"""How a finished landmark network is trained on."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mien.learning.config import TrainingConfig
from mien.training.read_out.config import ReadOutLossConfig


@dataclass(frozen=True)
class TuneDataConfig:
    """Crops of synthetic faces, in batches; set and size are the network's."""

    data: tuple[Path, ...]
    """Folders of shards."""
    batch: int = 256
    """Samples per step."""
    max_pictures: int = 60_000
    """Most pictures kept in memory (200 kB each at 256²)."""
    held_out: int = 1
    """Shards with a number below this are kept for validation."""


@dataclass(frozen=True)
class TuneConfig:
    """A training of all weights of a landmark network that stands in an ONNX file."""

    network: Path
    """The .onnx file, or the name of a shipped network."""
    crops: TuneDataConfig
    """The data."""
    encoder_rate: float = 0.3
    """Learning rate of encoders that were trained on photographs, over that of the read-out."""
    loss: ReadOutLossConfig = field(default_factory=ReadOutLossConfig)
    """What is made small."""
    training: TrainingConfig = field(
        default_factory=lambda: TrainingConfig(
            max_minutes=60.0, learning_rate=2e-4, weight_decay=0.0, half_precision=False
        )
    )
    """Length, rates, device; on resuming, these may differ from the first part's."""
