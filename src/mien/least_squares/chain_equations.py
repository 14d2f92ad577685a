"""Normal equations of a chain: blocks that touch their neighbours, and a few unknowns that all share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass
class ChainEquations:
    """Gauss–Newton equations of F frames with n unknowns each and m that all share.

    Memory and time grow with F, not with its square or cube: the frames' part is banded, and the shared part
    is solved for by its Schur complement.

    Attributes:
        diagonal: (F, n, n).
        lower: (F, n, n) block of frame t + 1 (rows) and frame t (columns); the last is not used.
        border: (F, n, m); shared: (m, m).
        gradient: (F, n); shared_gradient: (m,).
        cost: at the point of linearisation.
    """

    diagonal: Float[np.ndarray, "frames n n"]
    lower: Float[np.ndarray, "frames n n"]
    border: Float[np.ndarray, "frames n m"]
    shared: Float[np.ndarray, "m m"]
    gradient: Float[np.ndarray, "frames n"]
    shared_gradient: Float[np.ndarray, " m"]
    cost: float = 0.0

    @staticmethod
    def zeros(frames: int, n: int, m: int) -> ChainEquations:
        """Of a cost that is 0 everywhere."""
        return ChainEquations(
            np.zeros((frames, n, n)),
            np.zeros((frames, n, n)),
            np.zeros((frames, n, m)),
            np.zeros((m, m)),
            np.zeros((frames, n)),
            np.zeros(m),
        )

    def step(self, damping: float) -> tuple[np.ndarray, np.ndarray, float] | None:
        """The damped step (F, n) and (m,), and how much the model expects it to gain.

        None when the damped matrix is not positive definite.
        """
        from scipy.linalg import LinAlgError, cho_factor, cho_solve, solveh_banded

        frames, n, m = self.border.shape
        own, common = self._scales()
        stacked = np.concatenate([self.diagonal, self.lower], axis=1)
        places = np.arange(n)
        stacked[:, places, places] += damping * own
        stacked[-1, n:] = 0
        banded = np.zeros((2 * n, frames * n))
        for column in range(n):
            banded[: 2 * n - column, column::n] = stacked[:, column:, column].T
        right = np.concatenate([self.gradient[:, :, None], self.border], axis=2).reshape(frames * n, 1 + m)
        try:
            solved = solveh_banded(banded, right, lower=True, overwrite_ab=True, check_finite=False)
            border = self.border.reshape(frames * n, m)
            schur = self.shared + np.diag(damping * common) - border.T @ solved[:, 1:]
            rest = self.shared_gradient - border.T @ solved[:, 0]
            shared = -cho_solve(cho_factor((schur + schur.T) / 2), rest)
        except (LinAlgError, ValueError):
            return None
        step = (-solved[:, 0] - solved[:, 1:] @ shared).reshape(frames, n)
        if not (np.isfinite(step).all() and np.isfinite(shared).all()):
            return None
        expected = 0.5 * float((step * (damping * own * step - self.gradient)).sum())
        expected += 0.5 * float(shared @ (damping * common * shared - self.shared_gradient))
        return step, shared, expected

    def _scales(self) -> tuple[np.ndarray, np.ndarray]:
        """Diagonals, kept off zero: an unknown without influence must not make the system singular."""
        own = np.einsum("fnn->fn", self.diagonal)
        common = np.diagonal(self.shared)
        top = max(float(own.max()), float(common.max()) if len(common) else 0.0, 1e-30)
        return np.maximum(own, 1e-12 * top), np.maximum(common, 1e-12 * top)
