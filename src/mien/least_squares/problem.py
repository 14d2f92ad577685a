"""What solvers ask of a problem."""

from __future__ import annotations

from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Float

from mien.least_squares.equations import Equations

E = TypeVar("E", bound=Equations)
"""Kind of equations that a problem gives: `NormalEquations` or `ChainEquations`."""


@runtime_checkable
class Problem(Protocol[E]):
    """A least-squares problem of fixed size."""

    @property
    def size(self) -> int:
        """Number of unknowns N."""
        ...

    def cost(self, x: Float[np.ndarray, " n"]) -> float:
        """½‖r(x)‖² at a point; not finite where the point is not allowed, and solvers then step shorter."""
        ...

    def linearize(self, x: Float[np.ndarray, " n"], *, near: E | None = None) -> E:
        """Equations at a point.

        Args:
            near: equations at a point nearby; what changes slowly may be taken over from them.
        """
        ...
