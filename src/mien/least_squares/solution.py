"""Where a solve ended, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from jaxtyping import Float

from mien.least_squares.equations import Equations


class Status(Enum):
    """How a solve ended; `.value` is a sentence for people that goes on after "the fit".

    Results of photos, videos and sequences hand it on, and files keep its name. Those have two more ends than
    a solver has: LOST, there was nothing to solve, and IMPLAUSIBLE, what was solved cannot be a face. They
    stand here so that who reads a result meets one list of statuses.
    """

    CONVERGED = "converged"
    MAX_ITERATIONS = "stopped at the limit of iterations before converging"
    NO_DESCENT = "stopped because no step lowered the cost any more"
    NOT_FINITE = "failed: the cost is not a finite number"
    LOST = "lost: no face was found here"
    IMPLAUSIBLE = "is implausible: it cannot be a face before a camera"

    @property
    def usable(self) -> bool:
        """Whether there is a result: also one that stopped early is the best point that was found."""
        return self not in (Status.NOT_FINITE, Status.LOST, Status.IMPLAUSIBLE)


@dataclass(frozen=True, eq=False)
class Solution:
    """Where a solve ended.

    Attributes:
        x: (N,) the best point found; the start when the status is not usable.
        status: how it ended.
        iterations: steps computed.
        cost_history: cost at the start and after each accepted step.
        equations: those of the last point that was linearised, for who solves a problem nearby next; None
            from solvers that have none.
    """

    x: Float[np.ndarray, " n"]
    status: Status
    iterations: int
    cost_history: tuple[float, ...]
    equations: Equations | None = None

    @property
    def cost(self) -> float:
        """Cost at `x`."""
        return self.cost_history[-1]
