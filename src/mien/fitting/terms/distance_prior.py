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

    def _depth_m(self, state: HeadState) -> float:
        camera_from_world = state.scene.camera.camera_from_world
        place_m = state.x[state.scene.unknowns.root_translation]
        return float(camera_from_world[2, :3] @ place_m + camera_from_world[2, 3])

    def cost(self, state: HeadState) -> float:
        depth_m = self._depth_m(state)
        if depth_m <= 0:
            return float("nan")
        return 0.5 * float((np.log(depth_m / self.distance_m) / self.deviation) ** 2)

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        depth_m, columns = self._depth_m(state), state.scene.unknowns.root_translation
        if depth_m <= 0:
            normal.cost = float("nan")
            return
        residual = float(np.log(depth_m / self.distance_m)) / self.deviation
        by_place = state.scene.camera.camera_from_world[2, :3] / (depth_m * self.deviation)
        normal.gradient[columns] += by_place * residual
        normal.sparse[columns, columns] += np.outer(by_place, by_place)
        normal.cost += 0.5 * residual**2
