"""How crops are encoded, and how the read-out is built and trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mien.datasets.encoders import EncoderShape
from mien.files import OutputFolder
from mien.learning.config import TrainingConfig


@dataclass(frozen=True)
class ReadOutNetworkConfig:
    """Architecture of a read-out, as far as it can be chosen."""

    linear: int = 256
    """Width of the hidden layer's linear part."""
    hidden: int = 384
    """Width of its rectified part."""
    place: int = 8
    """Numbers that are kept of what is seen at a place; 0 leaves places out."""
    dropout: float = 0.2
    """Share of features that are left out while training: the less one of them is relied upon, the better the
    answer carries over from drawn people to photographed ones."""
    noise: float = 0.02
    """Standard deviation of what is added to the encoders' points while training, in their own deviations."""
    smallest_log_sigma: float = -5.5
    """Least log σ, in half crop sides."""
    largest_log_sigma: float = 0.7
    """Greatest log σ: 0.7 is the whole crop."""


@dataclass(frozen=True)
class SizedReadOutConfig(ReadOutNetworkConfig):
    """The same with what follows from the data; stored in every checkpoint."""

    landmarks: int = 320
    """Number of landmarks."""
    points: int = 468
    """Points of all encoders."""
    first_points: int = 468
    """Points of the first encoder, by which the face's place in the crop is told."""
    groups: tuple[tuple[int, int], ...] = ((1, 1152),)
    """Features of all encoders in order: places (1 for those of the whole crop) and channels at each."""

    @classmethod
    def of(
        cls, network: ReadOutNetworkConfig, encoders: Sequence[EncoderShape], *, landmarks: int
    ) -> SizedReadOutConfig:
        """For what some encoders say."""
        return cls(
            **asdict(network),
            landmarks=landmarks,
            points=sum(encoder.points for encoder in encoders),
            first_points=encoders[0].points,
            groups=tuple((group.places, group.channels) for encoder in encoders for group in encoder.groups),
        )


@dataclass(frozen=True)
class ReadOutLossConfig:
    """What a read-out's training makes small."""

    beta: float = 0.5
    """Gaussian log-likelihoods are weighted by σ to this power twice (Seitzer et al. 2022): at 0 points that
    are known badly hardly learn, at 1 all learn alike."""
    shape_weight: float = 3.0
    """Weight of the distances that are left after a similarity: they are the person's own."""
    opening_weight: float = 2.0
    """Weight of the distances across lids and lips."""
    presence_weight: float = 0.3
    """Weight of the presence loss."""


@dataclass(frozen=True)
class ReadOutTrainingConfig:
    """A training of a read-out on encoded crops."""

    data: tuple[Path, ...]
    """Folders of encoded crops (`mien train encode-crops`)."""
    set: str = "dense320"
    """Landmark set to predict."""
    encoders: tuple[str, ...] | None = None
    """Names of the encoders to read out, of those in the data; all unless given."""
    batch: int = 512
    """Samples per step."""
    network: ReadOutNetworkConfig = field(default_factory=ReadOutNetworkConfig)
    """Architecture; on resuming, the checkpoint's is used."""
    loss: ReadOutLossConfig = field(default_factory=ReadOutLossConfig)
    """What is made small."""
    training: TrainingConfig = field(
        default_factory=lambda: TrainingConfig(
            max_steps=6000, learning_rate=1e-3, weight_decay=0.05, average_decay=0.999, half_precision=False
        )
    )
    """Length, rates; on resuming, these may differ from the first part's."""


@dataclass(frozen=True)
class EncodeConfig:
    """Augmented crops of synthetic faces, and what frozen networks say about them."""

    data: tuple[Path, ...]
    """Folders of shards (`mien synth`)."""
    encoders: tuple[Path, ...]
    """Encoders' ONNX files."""
    out: OutputFolder = Path("encoded")
    """Folder for the encoded crops."""
    count: int = 60_000
    """How many crops."""
    held_out: int = 1
    """Shards of pictures with a number below this are kept for validation."""
    validation: int = 1000
    """How many crops of those."""
    crop_scale: float = 1.0
    """Side of the crops over that of a face's region."""
    max_pictures: int = 60_000
    """Most pictures kept in memory."""
    seed: int = 0
    """Seed of the augmentation."""
    workers: int = 1
    """Processes that encode."""
