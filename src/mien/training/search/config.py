"""How a face-search network is built and trained."""

from __future__ import annotations

from dataclasses import dataclass, field

from mien.datasets.search_scenes.config import SceneDataConfig
from mien.learning.config import TrainingConfig


@dataclass(frozen=True)
class SearchNetworkConfig:
    """Architecture of a search network; stored in every checkpoint."""

    stem: tuple[int, int, int] = (16, 32, 64)
    """Channels after each halving of the picture."""
    dilations: tuple[int, ...] = (1, 2, 1, 4, 1, 2)
    """Dilation of each residual block at the last size; together they see about 200 pixels."""


@dataclass(frozen=True)
class SearchTrainingConfig:
    """A training of the search network."""

    scenes: SceneDataConfig
    """The data."""
    network: SearchNetworkConfig = field(default_factory=SearchNetworkConfig)
    """Architecture; on resuming, the checkpoint's is used."""
    training: TrainingConfig = field(
        default_factory=lambda: TrainingConfig(
            max_minutes=15.0,
            learning_rate=3e-3,
            weight_decay=0.02,
            warm_up=0.05,
            average_decay=0.995,
            log_steps=20,
        )
    )
    """Length, rates, device; on resuming, these may differ from the first part's."""
    geometry_weight: float = 1.0
    """Weight of the geometry loss against the focal loss."""
