"""How a lifting network is built and trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mien.learning.config import TrainingConfig


@dataclass(frozen=True)
class LiftingNetworkConfig:
    """Architecture, as far as it can be chosen."""

    encoder: str = "face-mesh"
    """"face-mesh": frozen networks that have seen real people, whose answers are kept with the crops; "vit"
    or a backbone (resnet18_half, resnet50, mobilenet_v3_small, …), trained along from the crops' pixels."""
    width: int = 64
    """Width of the tokens."""
    heads: int = 2
    """Heads of each attention."""
    blocks: int = 3
    """Decoder blocks: cross-attention, self-attention, multi-layer perceptron."""
    point_tokens: int = 4
    """Tokens by which the decoder is told what the frozen networks say of the whole face."""
    summary: int = 512
    """Width of the rectified summary that goes to the answers beside the decoder; 0: none."""
    dropout: float = 0.2
    """Share of the frozen networks' features left out while training."""


@dataclass(frozen=True)
class SizedLiftingConfig(LiftingNetworkConfig):
    """The same with what follows from the data; stored in every checkpoint."""

    landmarks: int = 98
    """Number of landmarks."""
    points: int = 468
    """Points of all frozen encoders."""
    first_points: int = 468
    """Points of the first."""
    depth: bool = True
    """Whether they say how deep their points lie."""
    maps: tuple[tuple[int, int, int], ...] = ((128, 3, 3),)
    """Channels, height and width of their feature maps."""
    crop_px: int = 192
    """Side of the crop."""
    focal: float = 3.2
    """Focal length of all crops over their side."""
    radius_m: float = 0.8
    """Radius of the camera sphere."""
    look_at_m: tuple[float, float, float] = (0.0, -0.005, 0.055)
    """Its centre."""


@dataclass(frozen=True)
class LiftingLossConfig:
    """What is made small: L = L_mf + L_mv (FaceLift, eqs. 3 and 4)."""

    points_weight: float = 30.0
    """Weight of the mean squared error of 3D landmarks, cm²: with 1 the likelihood's gradients are twenty
    times as large, and what tells people apart is lost for the sake of the projection."""
    shift_weight: float = 0.1
    """Weight of the mean squared error of Δt, cm²."""
    likelihood_weight: float = 1.0
    """Weight of the Laplacian log-likelihood of 2.5D landmarks."""
    rotation_weight: float = 20.0
    """Weight of the geodesic distance of rotations, radians."""
    frames_weight: float = 1.0
    """Weight of what video frames add."""
    facing: float = 0.1
    """A landmark of a video frame counts when its turned normal looks this much towards the camera."""


@dataclass(frozen=True)
class LiftingTrainingConfig:
    """A training of a lifting network."""

    views: tuple[Path, ...] = ()
    """Folders of encoded views (`mien train encode-lifting`): the multi-view samples."""
    labels: Path = Path("labels.npz")
    """Their pseudo-labels (`mien lift labels`), from which the template comes too."""
    frames: tuple[Path, ...] = ()
    """Folders of encoded crops with 2D landmarks (`mien lift label`, `mien train encode-crops`): the
    multi-frame samples."""
    latents: int | None = None
    """Use the first so many latents alone."""
    held_out: int = 40
    """The last so many latents are kept for validation."""
    batch: int = 32
    """Multi-view samples per step, and as many multi-frame ones."""
    summary_steps: int = 0
    """So many first steps train the path beside the decoder alone, which takes a seventh of the time; after
    them it stays as it is, and the decoder learns what it leaves."""
    summary_batch: int = 256
    """Samples of each kind in such a step."""
    decays: int = 75
    """The learning rate falls to 0.9 of itself so many times, evenly over the training (FaceLift: every 3 of
    225 epochs). The summary's steps have a course of their own, which falls to a twentieth."""
    network: LiftingNetworkConfig = field(default_factory=LiftingNetworkConfig)
    """Architecture; on resuming, the checkpoint's is used."""
    loss: LiftingLossConfig = field(default_factory=LiftingLossConfig)
    """What is made small."""
    training: TrainingConfig = field(
        default_factory=lambda: TrainingConfig(
            max_steps=3000, learning_rate=5e-4, weight_decay=0.05, average_decay=0.99, half_precision=False
        )
    )
    """Length, rates; on resuming, these may differ from the first part's."""
