"""How a landmark network is built and trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mien.datasets.crops.config import CropDataConfig
from mien.learning.config import TrainingConfig


@dataclass(frozen=True)
class LandmarkNetworkConfig:
    """Architecture of a landmark network, as far as it can be chosen."""

    network: str = "compact14"
    """Backbone: compact14, compact18, resnet10_quarter, resnet10_half, resnet18_half, resnet18, resnet50,
    resnet101, mobilenet_v2, mobilenet_v2_half, mobilenet_v3_large, mobilenet_v3_small, convnext_tiny,
    swin_tiny."""
    decoder: Literal["mlp", "linear", "spiral"] = "mlp"
    """What turns feature maps into landmarks; spiral is SpiralNet++ on the landmarks' mesh."""
    fine_channels: int = 32
    """Channels that the head keeps of the second-smallest feature map (8×8 for a crop of 128)."""
    coarse_channels: int = 64
    """Channels that the head keeps of the smallest feature map (4×4)."""
    hidden: int = 512
    """Width of the head's hidden layer."""
    smallest_log_sigma: float = -5.5
    """Least log σ, in half crop sides: -5.5 is a quarter of a pixel of 128."""
    largest_log_sigma: float = 0.7
    """Greatest log σ: 0.7 is the whole crop."""
    spiral_length: int = 9
    """Vertices in a spiral of the spiral decoder."""
    spiral_channels: int = 48
    """Features of a vertex in the spiral decoder."""


@dataclass(frozen=True)
class SizedLandmarkNetworkConfig(LandmarkNetworkConfig):
    """The same with what follows from the data and the loss; stored in every checkpoint."""

    landmarks: int = 320
    """Number of landmarks."""
    input_size: int = 128
    """Side of the crop, pixels."""
    sigma: Literal["bounded", "sigmoid", "exponential"] = "bounded"
    """How σ is made: bounded (between the limits above), sigmoid (in [0, 1]) or exponential (no limit); the
    last two belong to the residual log-likelihood (Simic, section 3.3.3)."""
    mesh_sizes: tuple[int, ...] = ()
    """Vertices of the levels of the landmark mesh, finest first; for the spiral decoder."""


@dataclass(frozen=True)
class LandmarkLossConfig:
    """What a landmark network's training makes small."""

    loss: Literal["gaussian", "laplacian", "l2", "residual", "residual_exp"] = "gaussian"
    """Landmark loss; residual is the residual log-likelihood with σ from a sigmoid, residual_exp from an
    exponential."""
    edge_weight: float = 0.0
    """Weight of the vertex–edge loss beside it; at 1 an edge counts as much as a landmark does in l2."""
    opening_weight: float = 3.5
    """Weight of the distances across lids and lips, which independent points would neglect: keeps blinks."""
    presence_weight: float = 0.3
    """Weight of the presence loss."""


@dataclass(frozen=True)
class LandmarkTrainingConfig:
    """A training of the landmark network."""

    crops: CropDataConfig
    """The data."""
    network: LandmarkNetworkConfig = field(default_factory=LandmarkNetworkConfig)
    """Architecture; on resuming, the checkpoint's is used."""
    loss: LandmarkLossConfig = field(default_factory=LandmarkLossConfig)
    """What is made small."""
    training: TrainingConfig = field(default_factory=TrainingConfig)
    """Length, rates, device; on resuming, these may differ from the first part's."""
    initial: Path | None = None
    """Start from the weights in this checkpoint, wherever names and shapes agree: another set, crop size or
    decoder may be wanted now, the backbone stays."""


@dataclass(frozen=True)
class VariantTrainingConfig(LandmarkTrainingConfig):
    """What the variants of an ablation have in common: few steps each."""

    training: TrainingConfig = field(default_factory=lambda: TrainingConfig(max_steps=2000))
    """Steps of every variant (none for minutes instead), rates, device."""
