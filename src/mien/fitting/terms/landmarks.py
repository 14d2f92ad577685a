"""The data term: projected model points at the landmarks, in units of their uncertainty."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool, Float, Float32, Int

from mien.fitting.config import FitConfig
from mien.fitting.scene.head_state import HeadState
from mien.fitting.scene.point_terms import add_points
from mien.landmarks.types import Landmarks2D
from mien.least_squares.normal_equations import NormalEquations
from mien.least_squares.robust import Kernel, robust_cost, robust_weights


@dataclass(frozen=True, eq=False)
class LandmarkTerm:
    """Σ ‖x − μ‖² / 2σ² (Wood et al. 2022, eq. 2), with a robust kernel over each landmark's distance.

    Attributes:
        target_px: (2, L) landmarks μ.
        precision: (L,) 1 / σ, per pixel; 0 for a landmark about which nothing is known.
        kernel, scale: robust kernel and the distance, in σ, from which it acts.
    """

    target_px: Float[np.ndarray, "2 landmarks"]
    precision: Float[np.ndarray, " landmarks"]
    kernel: Kernel = "none"
    scale: float = 2.5
    name: str = "landmarks"
    _last: tuple[HeadState, np.ndarray, np.ndarray] | None = field(default=None, init=False, repr=False)

    @staticmethod
    def of(
        landmarks: Landmarks2D, config: FitConfig, *, present: Bool[np.ndarray, " landmarks"] | None = None
    ) -> LandmarkTerm:
        """The term for one face; landmarks that are not known have no precision.

        Args:
            present: (L,) False for landmarks that the head has no place for (`FitModel.present`); None: all.
        """
        floor_px = config.sigma_floor * face_radius_px(landmarks)
        sigma_px = np.sqrt(np.asarray(landmarks.sigma_px, float) ** 2 + floor_px**2)
        target_px, precision = np.asarray(landmarks.points_px, float), 1 / sigma_px
        if present is not None:
            precision = precision * present
        known = landmarks.known
        if not known.all():
            target_px, precision = np.where(known[:, None], target_px, 0.0), np.where(known, precision, 0.0)
        return LandmarkTerm(
            target_px=np.ascontiguousarray(target_px.T),
            precision=precision,
            kernel=config.robust_kernel,
            scale=config.robust_scale,
        )

    def of_few(self, kept: Int[np.ndarray, " kept"]) -> LandmarkTerm:
        """The term of some landmarks, which then count for all."""
        more = np.sqrt(len(self.precision) / len(kept))
        return replace(
            self,
            target_px=np.ascontiguousarray(self.target_px[:, kept]),
            precision=more * self.precision[kept],
        )

    def _residuals(self, state: HeadState) -> tuple[np.ndarray, np.ndarray]:
        """(2, L) in deviations, and their squared lengths: solvers ask for both cost and gradient."""
        if self._last is None or self._last[0] is not state:
            whitened = (state.points_px - self.target_px) * self.precision
            squared = whitened[0] ** 2 + whitened[1] ** 2
            object.__setattr__(self, "_last", (state, whitened, squared))
        assert self._last is not None
        return self._last[1], self._last[2]

    def cost(self, state: HeadState) -> float:
        return robust_cost(self._residuals(state)[1], kernel=self.kernel, scale=self.scale)

    def by_point(self, state: HeadState) -> tuple[Float[np.ndarray, "2 landmarks"], float]:
        """Derivatives by the projected points, and the cost."""
        whitened, squared = self._residuals(state)
        weights = robust_weights(squared, kernel=self.kernel, scale=self.scale)
        cost = robust_cost(squared, kernel=self.kernel, scale=self.scale)
        return whitened * (weights * self.precision), cost

    def rows(self, state: HeadState) -> Float32[np.ndarray, "unknowns rows"]:
        """The re-weighted residuals' transposed Jacobian, in single precision."""
        weights = robust_weights(self._residuals(state)[1], kernel=self.kernel, scale=self.scale)
        root = np.sqrt(weights)
        scale = (root * self.precision).astype(np.float32)
        jacobian_t = state.rough_jacobian_t * scale
        return jacobian_t.reshape(len(jacobian_t), -1)

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        add_points(normal, state, [self])


def face_radius_px(landmarks: Landmarks2D) -> float:
    """RMS distance of the points from their centre: the face's size in the picture, pixels."""
    return landmarks.radius_px
