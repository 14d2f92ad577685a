"""A focal length near what is known or guessed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.fitting.scene.head_state import HeadState
from mien.least_squares.normal_equations import NormalEquations


@dataclass(frozen=True)
class FocalTerm:
    """½ ((log f − log f₀) / deviation)²."""

    focal_px: float
    deviation: float
    name: str = "focal length"

    def cost(self, state: HeadState) -> float:
        return 0.5 * float((np.log(state.focal_px / self.focal_px) / self.deviation) ** 2)

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        residual = np.array([np.log(state.focal_px / self.focal_px) / self.deviation])
        normal.add_diagonal(state.scene.unknowns.log_focal, residual, np.array([1 / self.deviation]))
