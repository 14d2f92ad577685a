"""How alike two pictures are to the eye, without a network to download."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

_C1, _C2 = 0.01**2, 0.03**2
GMSD_CONSTANT = 170 / 255**2
"""Of Xue et al. 2014, for values in [0, 1]."""
LUMA = np.array([0.299, 0.587, 0.114])


def ssim(first: Float[np.ndarray, "h w 3"], second: Float[np.ndarray, "h w 3"]) -> float:
    """Structural similarity (Wang et al. 2004) of pictures in [0, 1]: Gaussian of 1.5 pixels, mean of the
    channels."""
    from scipy.ndimage import gaussian_filter

    def smooth(values: np.ndarray) -> np.ndarray:
        return gaussian_filter(values, (1.5, 1.5, 0), truncate=3.5)

    mean_a, mean_b = smooth(first), smooth(second)
    var_a, var_b = smooth(first**2) - mean_a**2, smooth(second**2) - mean_b**2
    both = smooth(first * second) - mean_a * mean_b
    score = (2 * mean_a * mean_b + _C1) * (2 * both + _C2)
    score /= (mean_a**2 + mean_b**2 + _C1) * (var_a + var_b + _C2)
    return float(score[5:-5, 5:-5].mean())


def gmsd(first: Float[np.ndarray, "h w 3"], second: Float[np.ndarray, "h w 3"]) -> float:
    """Gradient magnitude similarity deviation (Xue et al. 2014) of pictures in [0, 1]: 0 is alike."""
    from scipy.ndimage import convolve, prewitt

    def gradient(picture: np.ndarray) -> np.ndarray:
        halved = convolve(picture @ LUMA, np.full((2, 2), 0.25))[::2, ::2]
        return np.hypot(prewitt(halved, 0) / 3, prewitt(halved, 1) / 3)

    a, b = gradient(first), gradient(second)
    similarity = (2 * a * b + GMSD_CONSTANT) / (a**2 + b**2 + GMSD_CONSTANT)
    return float(similarity.std())


def psnr_db(first: Float[np.ndarray, ...], second: Float[np.ndarray, ...]) -> float:
    """Of values in [0, 1], decibels."""
    squared = float(np.mean((first - second) ** 2))
    return float(-10 * np.log10(max(squared, 1e-10)))
