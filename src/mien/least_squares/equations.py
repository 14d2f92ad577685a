"""What a problem gives a solver at one point: a quadratic model of the cost, and the step it suggests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Step:
    """A step that a quadratic model suggests.

    Attributes:
        change: (N,) what to add to the unknowns.
        expected_decrease: by how much the cost would fall if the model were exact.
    """

    change: Float[np.ndarray, " n"]
    expected_decrease: float


@runtime_checkable
class Equations(Protocol):
    """Gauss–Newton model of a cost ½‖r(x)‖² about one point: cost + gᵀδ + ½ δᵀHδ with g = Jᵀr and H = JᵀJ."""

    @property
    def cost(self) -> float:
        """½‖r‖² at the point; with robust terms theirs, and with a mixture's −log density even below 0."""
        ...

    @property
    def gradient(self) -> Float[np.ndarray, " n"]:
        """(N,) g."""
        ...

    @property
    def diagonal(self) -> Float[np.ndarray, " n"]:
        """(N,) diagonal of H, kept off zero: what damping is measured in."""
        ...

    @property
    def hessian(self) -> Float[np.ndarray, "n n"]:
        """(N, N) H, dense and to be read only; Levenberg–Marquardt never asks for it."""
        ...

    def step(self, damping: float) -> Step | None:
        """δ of (H + λ diag H) δ = −g for a damping λ; None where that matrix is not positive definite."""
        ...


def kept_off_zero(diagonal: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """A Hessian's diagonal in which an unknown without any influence does not make the system singular.

    The floor lies well above the rounding of the largest element (2e-16), and so low that unknowns whose
    scales differ by a factor of a million keep theirs.
    """
    return np.maximum(diagonal, 1e-12 * max(float(diagonal.max()), 1e-30))
