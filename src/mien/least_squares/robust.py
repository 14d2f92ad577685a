"""Robust kernels: how much a residual that disagrees with the rest counts."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float

Kernel = Literal["none", "huber", "geman_mcclure"]


def robust_cost(squared: Float[np.ndarray, " n"], *, kernel: Kernel, scale: float) -> float:
    """½ Σ ρ(s) for squared residual lengths s; ρ(s) ≈ s below scale²."""
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
    """ρ'(s): the weights of iteratively re-weighted least squares."""
    if kernel == "huber":
        return np.minimum(1.0, scale / np.sqrt(np.maximum(squared, 1e-30)))
    if kernel == "geman_mcclure":
        return 1 / (1 + squared / scale**2) ** 2
    return np.ones_like(squared)
