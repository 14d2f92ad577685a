"""How fields that landmarks steer are trained."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from mien.learning.config import TrainingConfig
from mien.morphable_fields.config import CodeNetworkConfig, SurfaceNetworkConfig

ModelKind = Literal["surface", "codes", "shape-landmarks", "landmarks"]
"""(d) and Table 4's (a), (b), (c)."""


def _usual_training() -> TrainingConfig:
    return TrainingConfig(
        max_minutes=15.0, learning_rate=2e-3, weight_decay=0.0, average_decay=0.995, checkpoint_minutes=2.0
    )


@dataclass(frozen=True)
class MorphableTrainingConfig:
    """A morphable field's training: (d) by default, which learns in minutes."""

    people: Path
    """File of `mien synth people`."""
    model: ModelKind = "surface"
    """surface: (d), about the mesh that landmarks mean. Table 4's: codes (a), shape-landmarks (b),
    landmarks (c)."""
    paper: bool = False
    """Table 4's models at the paper's widths, for a GPU."""
    rays: int = 1024
    """Rays in a step."""
    pictures: int = 8
    """Pictures that they are taken from."""
    near_landmarks: float = 0.6
    """Share of the rays that go near a landmark (MoFaNeRF); the others go anywhere."""
    samples: int = 12
    """Samples along a ray, of the coarse network and of the fine one, or of model (d)."""
    smoothness: float = 3e-3
    """Weight of the roughness of model (d)'s plane of features: what few pictures show stays even."""
    surface: SurfaceNetworkConfig = field(default_factory=SurfaceNetworkConfig)
    codes: CodeNetworkConfig = field(default_factory=CodeNetworkConfig)
    training: TrainingConfig = field(default_factory=_usual_training)

    @property
    def code_networks(self) -> CodeNetworkConfig:
        """Settings of Table 4's model that was asked for."""
        assert self.model != "surface"
        if self.paper:
            return CodeNetworkConfig.paper(self.model)
        return replace(self.codes, variant=self.model)
