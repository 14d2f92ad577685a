"""Little expression, and weights that mean something: within [0, 1]."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.fitting.scene.head_state import HeadState
from mien.least_squares.normal_equations import NormalEquations


@dataclass(frozen=True)
class ExpressionTerm:
    """½ ‖ψ / deviation‖² + ½ ‖(what leaves [0, 1]) / bounds_deviation‖²."""

    deviation: float
    bounds_deviation: float
    name: str = "expression"

    def _outside(self, expression: np.ndarray) -> np.ndarray:
        return (expression - np.minimum(np.maximum(expression, 0), 1)) / self.bounds_deviation

    def cost(self, state: HeadState) -> float:
        expression = state.x[state.scene.unknowns.expression]
        outside = self._outside(expression)
        return 0.5 * float(expression @ expression) / self.deviation**2 + 0.5 * float(outside @ outside)

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        columns = state.scene.unknowns.expression
        expression = state.x[columns]
        outside = self._outside(expression)
        normal.add_diagonal(
            columns, expression / self.deviation, np.full_like(expression, 1 / self.deviation)
        )
        normal.add_diagonal(columns, outside, (outside != 0) / self.bounds_deviation)
