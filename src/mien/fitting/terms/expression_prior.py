"""Little expression, and weights that mean something: within [0, 1], mouthClose no more than jawOpen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float

from mien.fitting.config import FitConfig
from mien.fitting.scene.head_state import HeadState
from mien.heads.arkit_names import close_below_jaw
from mien.heads.gaze import FULL_LOOK_RAD, LOOKS
from mien.heads.model import Head
from mien.least_squares.normal_equations import NormalEquations


@dataclass(frozen=True, eq=False)
class ExpressionTerm:
    """½ ‖ψ / deviation‖² + ½ ‖(what leaves [0, 1]) / bounds_deviation‖², and the same for what mouthClose has
    above jawOpen: it shuts a mouth that is open, and alone would push the lips through each other.

    Attributes:
        deviations: (E,) of each weight.
        quadratic: without the bounds.
        close_and_jaw: places of mouthClose and jawOpen among the weights, None for heads without them.
    """

    deviations: Float[np.ndarray, " expression"]
    bounds_deviation: float
    close_and_jaw: tuple[int, int] | None = None
    quadratic: bool = False
    name: str = "expression"

    @staticmethod
    def of(head: Head, config: FitConfig) -> ExpressionTerm:
        """Every weight alike, but for the shapes by which a head's eyes turn, and the tongue that no landmark
        shows."""
        deviations = np.full(head.expression_count, config.expression_std)
        if head.shapes_turn_eyes:
            looks = [head.expression_names.index(name) for name, *_ in LOOKS]
            deviations[looks] = config.eye_std_rad / FULL_LOOK_RAD
        if "tongueOut" in head.expression_names:
            deviations[head.expression_names.index("tongueOut")] = config.tongue_out_std
        return ExpressionTerm(
            deviations, config.expression_bounds_std, close_below_jaw(head.expression_names)
        )

    def _outside(self, expression: np.ndarray) -> np.ndarray:
        return (expression - np.minimum(np.maximum(expression, 0), 1)) / self.bounds_deviation

    def _close_above_jaw(self, expression: np.ndarray) -> float:
        if self.close_and_jaw is None:
            return 0.0
        close, jaw = self.close_and_jaw
        return max(float(expression[close] - expression[jaw]), 0.0) / self.bounds_deviation

    def parts(self) -> tuple[ExpressionTerm, ExpressionTerm]:
        """The same in two: what is quadratic, and the bounds."""
        none = np.full_like(self.deviations, np.inf)
        return replace(self, bounds_deviation=np.inf, quadratic=True), replace(self, deviations=none)

    def cost(self, state: HeadState) -> float:
        expression = state.x[state.scene.unknowns.expression]
        cost = 0.0
        if not self._bounds_alone:
            scaled = expression / self.deviations
            cost = 0.5 * float(scaled @ scaled)
        if not self.quadratic:
            outside, above = self._outside(expression), self._close_above_jaw(expression)
            cost += 0.5 * float(outside @ outside) + 0.5 * above * above
        return cost

    def add_to(self, normal: NormalEquations, state: HeadState) -> None:
        columns = state.scene.unknowns.expression
        expression = state.x[columns]
        if not self._bounds_alone:
            normal.add_diagonal(columns, expression / self.deviations, 1 / self.deviations)
        if self.quadratic:
            return
        outside = self._outside(expression)
        normal.add_diagonal(columns, outside, (outside != 0) / self.bounds_deviation)
        above = self._close_above_jaw(expression)
        if above and self.close_and_jaw is not None:
            slope = np.array([[1.0, -1.0]]) / self.bounds_deviation
            normal.add_block(columns.start + np.array(self.close_and_jaw), np.array([above]), slope)

    @cached_property
    def _bounds_alone(self) -> bool:
        return bool(np.isinf(self.deviations).all())
