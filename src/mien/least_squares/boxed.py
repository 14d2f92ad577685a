"""Linear least squares for weights between 0 and 1, one of which may be kept below another."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def boxed_least_squares(
    root: Float[np.ndarray, "rows n"],
    target: Float[np.ndarray, " rows"],
    *,
    ordered: tuple[int, int] | None = None,
) -> Float[np.ndarray, " n"]:
    """Minimum of ‖root w − target‖ for w in [0, 1] (bounded-variable least squares, Stark and Parker 1995).

    Args:
        root: of full column rank.
        ordered: two places (a, b) with w[a] ≤ w[b].
    """
    if ordered is None:
        return np.clip(_boxed(root, target), 0, 1)
    low, high = ordered
    # w[high] = w[low] + something positive: the constraint becomes a bound …
    coupled = root.copy()
    coupled[:, low] += root[:, high]
    solved = _boxed(coupled, target)
    solved[high] += solved[low]
    if solved[high] > 1:
        # … all but w[high] ≤ 1, which by convexity holds with equality where it is broken.
        rest = np.arange(root.shape[1]) != high
        solved[rest] = _boxed(root[:, rest], target - root[:, high])
        solved[high] = 1
    return np.clip(solved, 0, 1)


def _boxed(matrix: np.ndarray, target: np.ndarray) -> np.ndarray:
    from scipy.optimize import lsq_linear

    return lsq_linear(matrix, target, bounds=(0, 1), method="bvls", tol=1e-12).x
