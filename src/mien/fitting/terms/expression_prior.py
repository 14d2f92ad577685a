"""Little expression, and weights that mean something: within [0, 1]."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.fitting.config import FitConfig
from mien.fitting.scene.head_state import HeadState
from mien.heads.gaze import FULL_LOOK_RAD, LOOKS
from mien.heads.model import Head
from mien.least_squares.normal_equations import NormalEquations


@dataclass(frozen=True, eq=False)
class ExpressionTerm:
    """½ ‖ψ / deviation‖² + ½ ‖(what leaves [0, 1]) / bounds_deviation‖².

    Attributes:
        deviations: (E,) of each weight.
    """

    deviations: Float[np.ndarray, " expression"]
    bounds_deviation: float
    name: str = "expression"

    @staticmethod
    def of(head: Head, config: FitConfig) -> ExpressionTerm:
        """Every weight alike, but for the shapes by which a head's eyes turn."""
        deviations = np.full(head.expression_count, config.expression_std)
        if head.shapes_turn_eyes:
            looks = [head.expression_names.index(name) for name, *_ in LOOKS]
            deviations[looks] = config.eye_std_rad / FULL_LOOK_RAD
        return ExpressionTerm(deviations, config.expression_bounds_std)

    def _outside(self, expression: np.ndarray) -> np.ndarray:
        return (expression - np.minimum(np.maximum(expression, 0), 1)) / self.bounds_deviation

    def cost(self, state: HeadState) -> float:
        expression = state.x[state.scene.unknowns.expression]
        outside, scaled = self._outside(expression), expression / self.deviations
        return 0.5 * float(scaled @ scaled) + 0.5 * float(outside @ outside)

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        columns = state.scene.unknowns.expression
        expression = state.x[columns]
        outside = self._outside(expression)
        normal.add_diagonal(columns, expression / self.deviations, 1 / self.deviations)
        normal.add_diagonal(columns, outside, (outside != 0) / self.bounds_deviation)
