"""How far from cameras heads are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.fitting.scene.head_state import HeadState
from mien.least_squares.normal_equations import NormalEquations


@dataclass(frozen=True)
class DistanceTerm:
    """½ ((log z − log z₀) / deviation)², z the depth of the head's origin before the camera.

    Without it a picture's size alone would say what its landmarks do not: how strong the perspective is.

    Attributes:
        distance_m: z₀.
        deviation: of the logarithm.
    """

    distance_m: float
    deviation: float
    name: str = "distance"

    def cost(self, state: HeadState) -> float:
        if state.depth_m <= 0:
            return float("nan")
        return 0.5 * float((np.log(state.depth_m / self.distance_m) / self.deviation) ** 2)

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        depth_m, unknowns = state.depth_m, state.scene.unknowns
        if depth_m <= 0:
            normal.cost = float("nan")
            return
        residual = float(np.log(depth_m / self.distance_m)) / self.deviation
        slope = state.by_place[:, 2] / (depth_m * self.deviation)
        columns = np.arange(unknowns.root_translation.start, unknowns.root_translation.stop)
        if unknowns.dolly:
            columns = np.append(columns, unknowns.log_focal.start)
            slope = np.append(slope, 1 / self.deviation)
        normal.add_block(columns, np.array([residual]), slope[None])
