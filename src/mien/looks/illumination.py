"""Light from far away on a matt surface, as second-order spherical harmonics for each colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.looks.colors import LUMINANCE

DARKEST, BRIGHTEST = 0.32, 2.6
"""Light is kept within these shares of its mean: beyond, a picture's noise and shadows would be blown up."""


@dataclass(frozen=True, eq=False)
class Illumination:
    """Irradiance over albedo of a surface by its normal (Ramamoorthi & Hanrahan 2001).

    Attributes:
        coefficients: (9, 3) of the basis of `harmonics`, for red, green and blue; normals in the world.
        mean: (3,) of the light on what it was estimated from.
        shadows: (V,) logarithm of what else lights or shadows the vertices of the head that it was estimated
            on, by place and not by normal; None for nothing.
    """

    coefficients: Float[np.ndarray, "9 3"]
    mean: Float[np.ndarray, " 3"]
    shadows: Float[np.ndarray, " vertices"] | None = None

    @staticmethod
    def uniform() -> Illumination:
        """White light from everywhere, strength 1."""
        coefficients = np.zeros((9, 3))
        coefficients[0] = 1
        return Illumination(coefficients, np.ones(3))

    @staticmethod
    def studio(world_from_camera: Float[np.ndarray, "3 3"] | None = None) -> Illumination:
        """White light from the upper left of the camera, soft, strength about 1 on what faces it.

        Args:
            world_from_camera: rotation of a camera in OpenCV's convention; the world of a single picture when
                None.
        """
        rotation = np.diag([1.0, -1.0, -1.0]) if world_from_camera is None else world_from_camera
        towards = rotation @ np.array([-0.40, -0.55, -0.73])
        coefficients = np.zeros((9, 3))
        coefficients[0] = 0.72
        coefficients[1:4] = 0.34 * towards[:, None]
        return Illumination(coefficients, np.ones(3))

    def shade(self, normals: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
        """(N, 3) light at unit normals, kept between a third and two and a half times its mean."""
        relative = harmonics(normals) @ self.coefficients / self.mean
        return _soft_limits(relative) * self.mean

    def on_vertices(self, normals: Float[np.ndarray, "vertices 3"]) -> Float[np.ndarray, "vertices 3"]:
        """(V, 3) light at the head's vertices, shadows included; those of parts added later have none.

        Landmark points, which come last, may have been taken off.
        """
        shade = self.shade(normals)
        if self.shadows is not None:
            known = min(len(self.shadows), len(shade))
            shade[:known] *= np.exp(self.shadows[:known])[:, None]
        return shade


def harmonics(normals: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 9"]:
    """The first nine spherical harmonics, each scaled so that its largest value on the sphere is about 1."""
    x, y, z = normals[:, 0], normals[:, 1], normals[:, 2]
    return np.stack(
        [np.ones_like(x), x, y, z, 2 * x * y, 2 * y * z, 2 * x * z, x * x - y * y, 1.5 * z * z - 0.5], axis=1
    )


def _soft_limits(value: np.ndarray) -> np.ndarray:
    """Unchanged between the limits, and bent towards them smoothly near and beyond."""
    low, high = 1.6 * DARKEST, 0.75 * BRIGHTEST
    dark = DARKEST + (low - DARKEST) * np.exp(np.minimum(value - low, 0) / (low - DARKEST))
    bright = BRIGHTEST - (BRIGHTEST - high) * np.exp(-np.maximum(value - high, 0) / (BRIGHTEST - high))
    return np.where(value < low, dark, np.where(value > high, bright, value))


def solve_illumination(
    colors: Float[np.ndarray, "n 3"],
    albedo: Float[np.ndarray, "n 3"],
    normals: Float[np.ndarray, "n 3"],
    weights: Float[np.ndarray, " n"],
    *,
    rounds: int = 6,
    threshold: float = 0.30,
) -> Illumination:
    """The light that turns albedo into the colours seen, robustly (iteratively reweighted least squares).

    The second band and differences between the colour channels' directions are held small where the normals
    do not tell them, so that the unseen side of the head gets plausible light.

    Args:
        colors, albedo: (N, 3) linear.
        normals: (N, 3) unit, in the world.
        weights: (N,).
        threshold: difference of logarithms from which on a point counts less (Huber).
    """
    basis = harmonics(normals)
    mean = (weights[:, None] * colors).sum(axis=0) / np.maximum((weights[:, None] * albedo).sum(axis=0), 1e-9)
    target = colors / np.maximum(albedo, 1e-3) / mean  # about 1 in every channel
    grey = target @ LUMINANCE
    common = _robust_ridge(basis, grey[:, None], weights, np.zeros((9, 1)), _RIDGE, rounds, threshold)
    relative = _robust_ridge(basis, target, weights, common, 6 * _RIDGE, rounds, threshold)
    shade = np.maximum(basis @ relative, 0.05)
    level = (weights[:, None] * shade).sum(axis=0) / max(float(weights.sum()), 1e-9)
    return Illumination(relative * mean, level * mean)


_RIDGE = np.array([0.0, 0.004, 0.004, 0.004, 0.02, 0.02, 0.02, 0.02, 0.02])


def _robust_ridge(
    basis: np.ndarray,
    target: np.ndarray,
    weights: np.ndarray,
    start: np.ndarray,
    ridge: np.ndarray,
    rounds: int,
    threshold: float,
) -> np.ndarray:
    """(9, C): close to the target, and to the start as far as the ridge says."""
    coefficients = np.broadcast_to(start, (9, target.shape[1])).copy()
    if not coefficients.any():
        coefficients[0] = 1.0
    for number in range(rounds):
        # Differences count by their share of the light there: half is as wrong in the dark as in the sun.
        predicted = np.maximum(basis @ coefficients, 0.15)
        error = np.abs(np.log(np.maximum(target, 0.02) / predicted)).max(axis=1)
        # The first round believes everything, or a lit half would count as an error of a dark one.
        believed = np.minimum(1, threshold / np.maximum(error, 1e-9)) if number else 1.0
        scale = weights * believed / predicted.mean(axis=1)
        scaled = basis * scale[:, None]
        normal = scaled.T @ basis + np.diag(ridge * scale.sum() + 1e-9)
        coefficients = np.linalg.solve(normal, scaled.T @ target + (ridge * scale.sum())[:, None] * start)
    return coefficients
