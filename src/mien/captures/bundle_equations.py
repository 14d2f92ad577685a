"""Normal equations of bundle adjustment: points meet each other through cameras alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.least_squares.equations import Step, kept_off_zero


@dataclass(frozen=True, eq=False)
class BundleEquations:
    """Normal equations, and how they are solved with the points eliminated first.

    Attributes:
        head: (C, C) JᵀJ of cameras and lens; tail: (L, 3, 3) of each point; across: (L, C, 3) between them.
        gradient: (C + 3 L,) Jᵀr; cost: ½‖r‖².
    """

    head: Float[np.ndarray, "c c"]
    across: Float[np.ndarray, "landmarks c 3"]
    tail: Float[np.ndarray, "landmarks 3 3"]
    gradient: Float[np.ndarray, " n"]
    cost: float

    @property
    def diagonal(self) -> Float[np.ndarray, " n"]:
        """(C + 3 L,) of JᵀJ, kept off zero."""
        tail = np.diagonal(self.tail, axis1=1, axis2=2).ravel()
        return kept_off_zero(np.concatenate([np.diagonal(self.head), tail]))

    @property
    def hessian(self) -> Float[np.ndarray, "n n"]:
        """(C + 3 L, C + 3 L) JᵀJ, dense."""
        count, wide = len(self.head), self.across.transpose(1, 0, 2).reshape(len(self.head), -1)
        dense = np.zeros((len(self.gradient), len(self.gradient)))
        dense[:count, :count], dense[:count, count:], dense[count:, :count] = self.head, wide, wide.T
        for number, block in enumerate(self.tail):
            place = slice(count + 3 * number, count + 3 * number + 3)
            dense[place, place] = block
        return dense

    @property
    def of_cameras(self) -> Float[np.ndarray, "c c"]:
        """JᵀJ of cameras and lens, whatever the points are (Schur complement)."""
        count = len(self.head)
        moved = self.across @ np.linalg.inv(self.tail)
        flat = self.across.transpose(0, 2, 1).reshape(-1, count)
        return self.head - moved.transpose(1, 0, 2).reshape(count, -1) @ flat

    def step(self, damping: float) -> Step | None:
        """δ of (JᵀJ + λ diag JᵀJ) δ = −Jᵀr, the points eliminated first (Schur complement)."""
        from scipy.linalg.lapack import dposv

        count = len(self.head)
        diagonal = self.diagonal
        tail = self.tail.copy()
        tail[:, range(3), range(3)] = (diagonal[count:] * (1 + damping)).reshape(-1, 3)
        inverse = np.linalg.inv(tail)
        head = self.head + np.diag(damping * diagonal[:count])
        points = self.gradient[count:].reshape(-1, 3, 1)
        moved = self.across @ inverse  # (L, C, 3)
        wide = moved.transpose(1, 0, 2).reshape(count, -1)
        reduced = head - wide @ self.across.transpose(0, 2, 1).reshape(-1, count)
        right = -self.gradient[:count] + wide @ points.ravel()
        _, first, info = dposv(reduced, right, lower=1)
        if info != 0 or not np.isfinite(first).all():
            return None
        rest = -(inverse @ (points + self.across.transpose(0, 2, 1) @ first[:, None])).ravel()
        change = np.concatenate([first, rest])
        return Step(change, 0.5 * float(change @ (damping * diagonal * change - self.gradient)))
