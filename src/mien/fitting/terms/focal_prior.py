"""A focal length near what is known or guessed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.fitting.scene.head_state import HeadState
from mien.least_squares.normal_equations import NormalEquations


@dataclass(frozen=True)
class FocalTerm:
    """½ ((log f − log f₀) / deviation)², and a wall in front of lenses that nobody has.

    Attributes:
        focal_px: f₀.
        deviation: of the logarithm.
        shortest_px: focal length below which there is a wall; 0 where there is none.
        shortest_deviation: of the logarithm below that.
    """

    focal_px: float
    deviation: float
    shortest_px: float = 0.0
    shortest_deviation: float = 0.1
    name: str = "focal length"

    def _rows(self, state: HeadState) -> list[tuple[float, float]]:
        """Residuals, and their derivatives by log f."""
        rows = [(float(np.log(state.focal_px / self.focal_px)) / self.deviation, 1 / self.deviation)]
        if state.focal_px < self.shortest_px:
            short = float(np.log(state.focal_px / self.shortest_px))
            rows.append((short / self.shortest_deviation, 1 / self.shortest_deviation))
        return rows

    def cost(self, state: HeadState) -> float:
        return 0.5 * sum(residual**2 for residual, _ in self._rows(state))

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        for residual, slope in self._rows(state):
            normal.add_diagonal(state.scene.unknowns.log_focal, np.array([residual]), np.array([slope]))
