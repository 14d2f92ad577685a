"""Normal equations of a chain: blocks that touch their neighbours, and a few unknowns that all share."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from mien.least_squares.equations import Step, kept_off_zero
from mien.least_squares.normal_equations import NormalEquations


@dataclass
class ChainEquations:
    """Gauss–Newton equations of F frames with n unknowns each and m that all share, N = F n + m.

    In the solver's vector the frames' own unknowns come first, frame after frame, then what all share. The
    Hessian is block tridiagonal with a border (Triggs et al. 2000, Bundle Adjustment, §6): memory and time
    grow with F, not with its square or cube.

    First everything is added, then steps are asked for: from the first step on the arrays are read-only.

    Attributes:
        diagonal_blocks: (F, n, n).
        lower_blocks: (F − 1, n, n) block of frame t + 1 (rows) and frame t (columns).
        border: (F, n, m) block of a frame (rows) and what all share (columns).
        shared_block: (m, m).
        frame_gradients: (F, n).
        shared_gradient: (m,).
        cost: at the point of linearisation.
    """

    diagonal_blocks: Float[np.ndarray, "frames n n"]
    lower_blocks: Float[np.ndarray, "links n n"]
    border: Float[np.ndarray, "frames n m"]
    shared_block: Float[np.ndarray, "m m"]
    frame_gradients: Float[np.ndarray, "frames n"]
    shared_gradient: Float[np.ndarray, " m"]
    cost: float = 0.0
    _banded: np.ndarray | None = field(default=None, init=False, repr=False)

    @staticmethod
    def zeros(frames: int, n: int, m: int) -> ChainEquations:
        """Of a cost that is 0 everywhere."""
        return ChainEquations(
            np.zeros((frames, n, n)),
            np.zeros((frames - 1, n, n)),
            np.zeros((frames, n, m)),
            np.zeros((m, m)),
            np.zeros((frames, n)),
            np.zeros(m),
        )

    def add_frame(self, frame: int, normal: NormalEquations) -> None:
        """Add what depends on one frame and on what all share: n + m unknowns, its own first."""
        n, hessian = self.border.shape[1], normal.hessian
        self.diagonal_blocks[frame] += hessian[:n, :n]
        self.border[frame] += hessian[:n, n:]
        self.shared_block += hessian[n:, n:]
        self.frame_gradients[frame] += normal.gradient[:n]
        self.shared_gradient += normal.gradient[n:]
        self.cost += normal.cost

    def add_link(
        self,
        frame: int,
        residuals: Float[np.ndarray, " k"],
        before_t: Float[np.ndarray, "n k"],
        frame_t: Float[np.ndarray, "n k"],
        shared_t: Float[np.ndarray, "m k"],
    ) -> None:
        """Add residuals that depend on a frame, on the one before, and on what all share.

        Args:
            frame: the later of the two, ≥ 1.
            before_t, frame_t, shared_t: transposed Jacobians by the unknowns of each.
        """
        self.diagonal_blocks[frame - 1] += before_t @ before_t.T
        self.diagonal_blocks[frame] += frame_t @ frame_t.T
        self.lower_blocks[frame - 1] += frame_t @ before_t.T
        self.border[frame - 1] += before_t @ shared_t.T
        self.border[frame] += frame_t @ shared_t.T
        self.shared_block += shared_t @ shared_t.T
        self.frame_gradients[frame - 1] += before_t @ residuals
        self.frame_gradients[frame] += frame_t @ residuals
        self.shared_gradient += shared_t @ residuals
        self.cost += 0.5 * float(residuals @ residuals)

    @property
    def gradient(self) -> Float[np.ndarray, " total"]:
        """(N,) Jᵀr."""
        return np.concatenate([self.frame_gradients.reshape(-1), self.shared_gradient])

    @property
    def diagonal(self) -> Float[np.ndarray, " total"]:
        """(N,) diagonal of JᵀJ, kept off zero."""
        own = np.einsum("fnn->fn", self.diagonal_blocks)
        return kept_off_zero(np.concatenate([own.reshape(-1), np.diagonal(self.shared_block)]))

    @property
    def hessian(self) -> Float[np.ndarray, "total total"]:
        """(N, N) JᵀJ, dense: for short chains only."""
        frames, n, m = self.border.shape
        hessian = np.zeros((frames * n + m, frames * n + m))
        for frame in range(frames):
            own = slice(frame * n, frame * n + n)
            hessian[own, own] = self.diagonal_blocks[frame]
            if frame:
                before = slice(own.start - n, own.start)
                hessian[own, before] = self.lower_blocks[frame - 1]
                hessian[before, own] = self.lower_blocks[frame - 1].T
        border = self.border.reshape(frames * n, m)
        hessian[: frames * n, frames * n :], hessian[frames * n :, : frames * n] = border, border.T
        hessian[frames * n :, frames * n :] = self.shared_block
        hessian.flags.writeable = False
        return hessian

    def step(self, damping: float) -> Step | None:
        """δ of (JᵀJ + λ diag JᵀJ) δ = −Jᵀr; None when that matrix is not positive definite.

        The frames' part is solved as a band, what they share by its Schur complement.
        """
        from scipy.linalg import LinAlgError, cho_factor, cho_solve

        frames, n, m = self.border.shape
        if self._banded is None:
            # Once for all dampings that are tried: each rewrites its first row only, the diagonal.
            linked = self.lower_blocks.any()
            self._banded = self._in_band_storage() if linked else np.zeros((0, 0))
            for part in (self.diagonal_blocks, self.lower_blocks, self.border, self.shared_block):
                part.flags.writeable = False
            self.frame_gradients.flags.writeable = self.shared_gradient.flags.writeable = False
        diagonal, gradient = self.diagonal, self.gradient
        damped = diagonal * (1 + damping)
        shared_block = self.shared_block.copy()
        np.fill_diagonal(shared_block, damped[frames * n :])
        border = self.border.reshape(frames * n, m)
        right = np.concatenate([gradient[: frames * n, None], border], axis=1)
        try:
            solved = self._solved(damped[: frames * n], right)
            schur = shared_block - border.T @ solved[:, 1:]
            rest = self.shared_gradient - border.T @ solved[:, 0]
            # Rounding leaves the complement a little unsymmetric.
            shared = -cho_solve(cho_factor((schur + schur.T) / 2), rest)
        except (LinAlgError, ValueError):  # not positive definite; ValueError: not finite
            return None
        change = np.concatenate([-solved[:, 0] - solved[:, 1:] @ shared, shared])
        if not np.isfinite(change).all():
            return None
        return Step(change, 0.5 * float(change @ (damping * diagonal * change - gradient)))

    def _solved(self, diagonal: np.ndarray, right: np.ndarray) -> np.ndarray:
        """The frames' own part, with this diagonal, solved for some right sides.

        Raises:
            LinAlgError: it is not positive definite.
            ValueError: it is not finite.
        """
        from scipy.linalg import solveh_banded

        frames, n, _ = self.border.shape
        assert self._banded is not None
        if self._banded.size:
            banded = self._banded.copy()
            banded[0] = diagonal
            return solveh_banded(banded, right, lower=True, overwrite_ab=True, check_finite=False)
        blocks = self.diagonal_blocks.copy()
        np.einsum("fnn->fn", blocks)[:] = diagonal.reshape(frames, n)
        np.linalg.cholesky(blocks)  # complains where one is not positive definite
        return np.linalg.solve(blocks, right.reshape(frames, n, -1)).reshape(frames * n, -1)

    def _in_band_storage(self) -> Float[np.ndarray, "band columns"]:
        """(2n, F n) lower half of the frames' band, as LAPACK keeps it: row d holds H[j + d, j]."""
        frames, n, _ = self.border.shape
        stacked = np.zeros((frames, 2 * n, n))
        stacked[:, :n] = self.diagonal_blocks
        stacked[:-1, n:] = self.lower_blocks
        banded = np.zeros((2 * n, frames * n))
        for column in range(n):
            banded[: 2 * n - column, column::n] = stacked[:, column:, column].T
        return banded
