"""Robust kernels: how much a residual that disagrees with the rest counts.

A kernel ρ takes the squared length s of a residual, in squared deviations, and gives what it costs instead.
Solvers see it as iteratively re-weighted least squares: residual and Jacobian times √ρ'(s) have the gradient
of ½ ρ. The second-order term of Triggs et al. (2000, §4.3) is left out: it can be negative, and without it
JᵀJ stays positive semi-definite however many residuals disagree.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float

Kernel = Literal["none", "huber", "geman_mcclure"]
"""ρ(s) = s; Huber (1964): 2 scale √s − scale² from s = scale² on; Geman and McClure (1987):
s / (1 + s / scale²), which never exceeds scale²."""


def robust_cost(squared: Float[np.ndarray, " n"], *, kernel: Kernel, scale: float) -> float:
    """½ Σ ρ(s).

    Args:
        squared: (N,) squared residual lengths s, in squared deviations.
        scale: residual length from which the kernel acts, in deviations; ρ(s) ≈ s for s far below scale².
    """
    if kernel == "huber":
        length = np.sqrt(squared)
        # Up to scale² a half parabola, beyond it the tangent: l² − (l − scale)² = scale (2 l − scale).
        beyond = np.maximum(length - scale, 0)
        return 0.5 * float(length @ length - beyond @ beyond)
    if kernel == "geman_mcclure":
        return 0.5 * float((squared / (1 + squared / scale**2)).sum())
    return 0.5 * float(squared.sum())


def robust_weights(
    squared: Float[np.ndarray, " n"], *, kernel: Kernel, scale: float
) -> Float[np.ndarray, " n"]:
    """ρ'(s) in [0, 1], the weights of iteratively re-weighted least squares; arguments of `robust_cost`."""
    if kernel == "huber":
        return np.minimum(1.0, scale / np.sqrt(np.maximum(squared, 1e-30)))
    if kernel == "geman_mcclure":
        return 1 / (1 + squared / scale**2) ** 2
    return np.ones_like(squared)
