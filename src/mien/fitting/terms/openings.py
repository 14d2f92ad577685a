"""How far eyes and mouth are open in the picture: known better than the single points."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Float32, Int

from mien.fitting.config import FitConfig
from mien.fitting.scene.fit_model import FitModel
from mien.fitting.scene.head_state import HeadState
from mien.fitting.scene.point_terms import add_points
from mien.fitting.terms.landmarks import face_radius_px
from mien.landmarks.types import Landmarks2D
from mien.least_squares.normal_equations import NormalEquations
from mien.least_squares.robust import robust_cost, robust_weights


@dataclass(frozen=True, eq=False)
class OpeningTerm:
    """Σ ‖(x_a − x_b) − (μ_a − μ_b)‖² / 2σ², over landmarks a, b that face each other across lids and lips.

    Errors of neighbouring landmarks are mostly shared, and the network is trained on these differences too,
    so σ is a fraction of the points' own deviations (`FitConfig.opening_sigma`).

    Attributes:
        pairs: (P, 2) landmarks.
        target_px: (2, P) differences of the landmarks.
        precision: (P,) 1 / σ, per pixel.
        scale: residual, in σ, from which a Huber kernel acts: hidden lids may say anything.
    """

    pairs: Int[np.ndarray, "pairs 2"]
    target_px: Float[np.ndarray, "2 pairs"]
    precision: Float[np.ndarray, " pairs"]
    scale: float = 2.5
    name: str = "openings"
    _last: tuple[HeadState, np.ndarray, np.ndarray] | None = field(default=None, init=False, repr=False)

    @staticmethod
    def of(model: FitModel, landmarks: Landmarks2D, config: FitConfig) -> OpeningTerm | None:
        """The term for one face, or None where it is off or the set has no such pairs."""
        pairs = model.opening_pairs
        if config.opening_sigma <= 0 or not len(pairs):
            return None
        if not landmarks.known.all():
            pairs = pairs[landmarks.known[pairs].all(axis=1)]
            if not len(pairs):
                return None
        upper, lower = pairs.T
        points_px, sigma_px = np.asarray(landmarks.points_px, float), np.asarray(landmarks.sigma_px, float)
        floor_px = 0.2 * config.sigma_floor * face_radius_px(landmarks)
        deviation_px = np.hypot(config.opening_sigma * (sigma_px[upper] + sigma_px[lower]) / 2, floor_px)
        return OpeningTerm(
            pairs, (points_px[upper] - points_px[lower]).T, 1 / deviation_px, config.robust_scale
        )

    def _residuals(self, state: HeadState) -> tuple[np.ndarray, np.ndarray]:
        """(2, P) in deviations, and their squared lengths."""
        if self._last is None or self._last[0] is not state:
            upper, lower = self.pairs.T
            gaps_px = np.take(state.points_px, upper, axis=1) - np.take(state.points_px, lower, axis=1)
            whitened = (gaps_px - self.target_px) * self.precision
            squared = whitened[0] ** 2 + whitened[1] ** 2
            object.__setattr__(self, "_last", (state, whitened, squared))
        assert self._last is not None
        return self._last[1], self._last[2]

    def cost(self, state: HeadState) -> float:
        return robust_cost(self._residuals(state)[1], kernel="huber", scale=self.scale)

    def by_point(self, state: HeadState) -> tuple[Float[np.ndarray, "2 landmarks"], float]:
        """Derivatives by the projected points, and the cost."""
        whitened, squared = self._residuals(state)
        by_pair = whitened * (robust_weights(squared, kernel="huber", scale=self.scale) * self.precision)
        by_point = by_pair @ _incidence(self.pairs.tobytes(), state.points_px.shape[1])
        return by_point, robust_cost(squared, kernel="huber", scale=self.scale)

    def rows(self, state: HeadState) -> Float32[np.ndarray, "unknowns rows"]:
        """The re-weighted residuals' transposed Jacobian, in single precision."""
        root = np.sqrt(robust_weights(self._residuals(state)[1], kernel="huber", scale=self.scale))
        upper, lower = self.pairs.T
        by_point = state.rough_jacobian_t
        scale = (root * self.precision).astype(np.float32)
        jacobian_t = (by_point[:, :, upper] - by_point[:, :, lower]) * scale
        return jacobian_t.reshape(len(jacobian_t), -1)

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        add_points(normal, state, [self])


@lru_cache(maxsize=32)
def _incidence(pairs: bytes, landmarks: int) -> np.ndarray:
    """(P, L): 1 at the first landmark of each pair, −1 at the second."""
    upper, lower = np.frombuffer(pairs, np.int64).reshape(-1, 2).T
    incidence = np.zeros((len(upper), landmarks))
    incidence[np.arange(len(upper)), upper] = 1
    incidence[np.arange(len(lower)), lower] = -1
    return incidence
