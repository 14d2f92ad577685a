"""Little change between neighbouring frames of a video."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from mien.fitting.config import FitConfig
from mien.fitting.scene.head_state import HeadState
from mien.fitting.scene.point_terms import add_points
from mien.fitting.scene.unknowns import Unknowns
from mien.heads.parameters import HeadParameters
from mien.least_squares.normal_equations import NormalEquations
from mien.least_squares.robust import robust_cost, robust_weights


@dataclass(frozen=True, eq=False)
class NearPreviousTerm:
    """½ Σ ρ((x − x of the frame before)² / deviation²) over expression and joints; 0 leaves one free.

    The Geman–McClure kernel ρ lets go of a weight that clearly moves, so a blink is not held back.

    Attributes:
        previous: (N,) the solver's vector of the frame before.
        precision: (N,) 1 / deviation.
    """

    previous: Float[np.ndarray, " unknowns"]
    precision: Float[np.ndarray, " unknowns"]
    name: str = "near the previous frame"

    @staticmethod
    def of(
        unknowns: Unknowns, previous: HeadParameters, *, focal_px: float, config: FitConfig
    ) -> NearPreviousTerm:
        """The term for a frame after one with these parameters."""
        precision = np.zeros(unknowns.size)
        precision[unknowns.expression] = 1 / config.frame_expression_std
        for joint in unknowns.joints:
            precision[unknowns.joint(joint)] = 1 / config.frame_joint_std_rad
        return NearPreviousTerm(unknowns.pack(previous, focal_px=focal_px), precision)

    def cost(self, state: HeadState) -> float:
        squared = ((state.x - self.previous) * self.precision) ** 2
        return robust_cost(squared, kernel="geman_mcclure", scale=1.0)

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        residuals = (state.x - self.previous) * self.precision
        squared = residuals**2
        root = np.sqrt(robust_weights(squared, kernel="geman_mcclure", scale=1.0))
        normal.add_diagonal(slice(0, len(residuals)), residuals * root, self.precision * root)
        # The diagonal's own sum of squares is the re-weighted cost, not the robust one.
        normal.cost += robust_cost(squared, kernel="geman_mcclure", scale=1.0)
        normal.cost -= 0.5 * float(((residuals * root) ** 2).sum())


@dataclass(frozen=True, eq=False)
class StillPointsTerm:
    """½ Σ ‖(x − x of the frame before) · precision‖² over projected model points (Wood et al. 2022, §3.2).

    Attributes:
        previous_px: (2, L) model points of the frame before.
        precision: (L,) per pixel.
    """

    previous_px: Float[np.ndarray, "2 landmarks"]
    precision: Float[np.ndarray, " landmarks"]
    name: str = "still points"

    def cost(self, state: HeadState) -> float:
        return 0.5 * float((((state.points_px - self.previous_px) * self.precision) ** 2).sum())

    def by_point(self, state: HeadState) -> tuple[Float[np.ndarray, "2 landmarks"], float]:
        """Derivatives by the projected points, and the cost."""
        residuals = (state.points_px - self.previous_px) * self.precision
        return residuals * self.precision, 0.5 * float((residuals**2).sum())

    def rows(self, state: HeadState) -> Float32[np.ndarray, "unknowns rows"]:
        """The residuals' transposed Jacobian, in single precision."""
        jacobian_t = state.rough_jacobian_t * self.precision.astype(np.float32)
        return jacobian_t.reshape(len(jacobian_t), -1)

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        add_points(normal, state, [self])


@dataclass(frozen=True, eq=False)
class StillVerticesTerm:
    """½ Σ ‖(v − v of the frame before) / deviation‖² over the landmarks' vertices in the world.

    Unlike `StillPointsTerm` it also holds depth, which pictures hardly show.

    Attributes:
        previous_m: (3, L) places in the frame before.
        deviation_m: metres.
    """

    previous_m: Float[np.ndarray, "3 landmarks"]
    deviation_m: float
    name: str = "still vertices"

    def _residuals(self, state: HeadState) -> np.ndarray:
        return (state.vertices_m - self.previous_m) / self.deviation_m

    def cost(self, state: HeadState) -> float:
        return 0.5 * float((self._residuals(state) ** 2).sum())

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        residuals = self._residuals(state)
        jacobian_t = state.vertices_jacobian_t() / self.deviation_m
        normal.add_dense(
            residuals.reshape(-1),
            jacobian_t.reshape(len(jacobian_t), -1),
            cost=0.5 * float((residuals**2).sum()),
        )
