"""The least-squares problem of one person through a recorded sequence: frames in a chain, identity shared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.fitting.scene.head_problem import HeadProblem
from mien.fitting.scene.head_state import HeadState
from mien.least_squares.chain_equations import ChainEquations
from mien.least_squares.robust import robust_cost, robust_weights


@dataclass(frozen=True, eq=False)
class SequenceProblem:
    """Every frame's own problem, and between neighbours ½ ‖(v − v of the frame before) / deviation‖² over the
    landmarks' vertices in the world (`StillVerticesTerm`, with both frames free), or over weights and angles.

    The vector holds each frame's pose and expression, frame after frame, then what all share: identity, and
    the focal length where it is free.

    Attributes:
        parts: the frames, with equal unknowns; a prior on what they share belongs to one of them.
        still_vertices_std_m: metres; 0 leaves this link out.
        change_precision: (n,) 1 / deviation of each of a frame's own unknowns from the frame before, 0 for
            those that are free; None: none of this either. A kernel lets go of what clearly moves, as in
            `NearPreviousTerm`.
    """

    parts: tuple[HeadProblem, ...]
    still_vertices_std_m: float = 0.0
    change_precision: Float[np.ndarray, " n"] | None = None

    @property
    def frame_size(self) -> int:
        """Number of each frame's own unknowns."""
        return self.parts[0].scene.unknowns.frame_size

    @property
    def shared_size(self) -> int:
        """Number of unknowns that all frames share."""
        return self.parts[0].size - self.frame_size

    @property
    def size(self) -> int:
        return len(self.parts) * self.frame_size + self.shared_size

    def start(self) -> Float[np.ndarray, " unknowns"]:
        """Vector of the frames' own starts; what is shared comes from the first."""
        starts = [part.start() for part in self.parts]
        own = [start[: self.frame_size] for start in starts]
        return np.concatenate([*own, starts[0][self.frame_size :]])

    def frame_x(self, x: Float[np.ndarray, " unknowns"], frame: int) -> Float[np.ndarray, " frame_unknowns"]:
        """One frame's part of the vector: its own unknowns, then what all share."""
        n = self.frame_size
        return np.concatenate([x[frame * n : frame * n + n], x[len(self.parts) * n :]])

    def cost(self, x: Float[np.ndarray, " unknowns"]) -> float:
        total, before_m = 0.0, None
        for frame, part in enumerate(self.parts):
            frame_x = self.frame_x(x, frame)
            total += part.cost(frame_x)
            if self.still_vertices_std_m > 0:
                vertices_m = part.state(frame_x).vertices_m
                if before_m is not None:
                    moved = (vertices_m - before_m) / self.still_vertices_std_m
                    total += 0.5 * float((moved**2).sum())
                before_m = vertices_m
        if self.change_precision is not None:
            own = x[: len(self.parts) * self.frame_size].reshape(len(self.parts), -1)
            changes = np.diff(own, axis=0) * self.change_precision
            total += robust_cost(changes.reshape(-1) ** 2, kernel="geman_mcclure", scale=1.0)
        return total

    def linearize(
        self, x: Float[np.ndarray, " unknowns"], *, near: ChainEquations | None = None
    ) -> ChainEquations:
        """The chain's equations at a point; nothing is taken over from `near`."""
        n = self.frame_size
        chain = ChainEquations.zeros(len(self.parts), n, self.shared_size)
        before: tuple[np.ndarray, np.ndarray] | None = None
        for frame, part in enumerate(self.parts):
            frame_x = self.frame_x(x, frame)
            chain.add_frame(frame, part.linearize(frame_x))
            if self.still_vertices_std_m > 0:
                place, place_t = here = self._whitened_place(part.state(frame_x))
                if before is not None:
                    before_place, before_t = before
                    shared_t = place_t[n:] - before_t[n:]
                    chain.add_link(frame, place - before_place, -before_t[:n], place_t[:n], shared_t)
                before = here
        if self.change_precision is not None:
            self._add_changes(chain, x, self.change_precision)
        return chain

    def _add_changes(self, chain: ChainEquations, x: np.ndarray, precision: np.ndarray) -> None:
        """What holds each frame's own unknowns near those of the frame before."""
        n = self.frame_size
        held = np.flatnonzero(precision)
        frame_t = np.zeros((n, len(held)))
        frame_t[held, np.arange(len(held))] = precision[held]
        nothing = np.zeros((self.shared_size, len(held)))
        own = x[: len(self.parts) * n].reshape(-1, n)
        for frame in range(1, len(self.parts)):
            residuals = (own[frame] - own[frame - 1])[held] * precision[held]
            squared = residuals**2
            root = np.sqrt(robust_weights(squared, kernel="geman_mcclure", scale=1.0))
            chain.add_link(frame, residuals * root, -frame_t * root, frame_t * root, nothing)
            chain.cost += robust_cost(squared, kernel="geman_mcclure", scale=1.0)
            chain.cost -= 0.5 * float((squared * root**2).sum())

    def _whitened_place(self, state: HeadState) -> tuple[np.ndarray, np.ndarray]:
        """The landmarks' vertices in deviations, and the transposed Jacobian."""
        whitening = 1 / self.still_vertices_std_m
        jacobian_t = whitening * state.vertices_jacobian_t()
        return whitening * state.vertices_m.reshape(-1), jacobian_t.reshape(len(jacobian_t), -1)
