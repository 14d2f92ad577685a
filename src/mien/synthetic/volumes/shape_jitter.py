"""Other people from the same volume: a stretch and a gentle wave, of voxels and landmarks alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

STRETCH, SHEAR = 0.04, 0.015
"""Standard deviations of the logarithm of each axis's stretch, and of each shear."""
WAVES = 4
WAVELENGTH_M = (0.07, 0.16)
WAVE_M = 0.0007
"""Standard deviation of each wave's height along each axis."""
_STEPS = 8


@dataclass(frozen=True)
class ShapeJitter:
    """A smooth map of the head's space that is close to the identity.

    Attributes:
        linear: (3, 3) about `centre_m`; wave_vectors: (W, 3) radians per metre; phases: (W,);
        heights_m: (W, 3).
    """

    linear: Float[np.ndarray, "3 3"]
    centre_m: Float[np.ndarray, " 3"]
    wave_vectors: Float[np.ndarray, "w 3"]
    phases: Float[np.ndarray, " w"]
    heights_m: Float[np.ndarray, "w 3"]

    @staticmethod
    def random(rng: np.random.Generator, centre_m: Float[np.ndarray, " 3"]) -> ShapeJitter:
        """One person's difference from another."""
        linear = np.diag(np.exp(rng.normal(0, STRETCH, 3))) + rng.normal(0, SHEAR, (3, 3)) * (1 - np.eye(3))
        directions = rng.normal(size=(WAVES, 3))
        lengths_m = rng.uniform(*WAVELENGTH_M, WAVES)
        vectors = directions / np.linalg.norm(directions, axis=1, keepdims=True)
        return ShapeJitter(
            linear,
            centre_m,
            vectors * (2 * np.pi / lengths_m)[:, None],
            rng.uniform(0, 2 * np.pi, WAVES),
            rng.normal(0, WAVE_M, (WAVES, 3)),
        )

    def source_from_target(self, points_m: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
        """Where in the volume the new person's points are taken from."""
        waves = np.sin(points_m @ self.wave_vectors.T + self.phases) @ self.heights_m
        return (points_m - self.centre_m) @ self.linear.T + self.centre_m + waves

    def target_from_source(self, points_m: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
        """The inverse, by fixed-point steps that shrink the error about tenfold each."""
        inverse = np.linalg.inv(self.linear)
        found_m = (points_m - self.centre_m) @ inverse.T + self.centre_m
        for _ in range(_STEPS):
            found_m = found_m + (points_m - self.source_from_target(found_m)) @ inverse.T
        return found_m
