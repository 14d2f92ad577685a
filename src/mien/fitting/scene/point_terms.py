"""Terms of the projected points: one gradient for all of them, and a Hessian in single precision.

What takes time in a fit is the dense Jacobian and its product with itself. A step only needs to know them
roughly, the gradient exactly: so the first are computed in single precision, and the gradient by going
backwards from the points, without any Jacobian.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32

from mien.fitting.scene.head_state import HeadState
from mien.least_squares.normal_equations import NormalEquations


@runtime_checkable
class PointTerm(Protocol):
    """A term of the projected points alone."""

    def by_point(self, state: HeadState) -> tuple[Float[np.ndarray, "2 landmarks"], float]:
        """Derivatives by the projected points, and the cost."""
        ...

    def rows(self, state: HeadState) -> Float32[np.ndarray, "unknowns rows"]:
        """The re-weighted residuals' transposed Jacobian."""
        ...


def add_points(normal: NormalEquations, state: HeadState, terms: Sequence[PointTerm]) -> None:
    """Add terms of points to normal equations; their Hessian only where it is not given."""
    by_point = np.zeros_like(state.points_px)
    for term in terms:
        pull, cost = term.by_point(state)
        by_point += pull
        normal.cost += cost
    normal.gradient += state.gradient(by_point)
    if not normal.dense_given:
        for term in terms:
            normal.add_gram(term.rows(state))
