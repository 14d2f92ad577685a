"""What solvers ask of a problem."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from mien.least_squares.normal_equations import NormalEquations


@runtime_checkable
class Problem(Protocol):
    """A least-squares problem of fixed size."""

    @property
    def size(self) -> int:
        """Number of unknowns."""
        ...

    def cost(self, x: Float[np.ndarray, " n"]) -> float:
        """½‖r(x)‖² at a point."""
        ...

    def linearize(
        self, x: Float[np.ndarray, " n"], *, near: NormalEquations | None = None
    ) -> NormalEquations:
        """Normal equations at a point.

        Args:
            near: equations at a point nearby, whose `dense` part may be taken over.
        """
        ...
