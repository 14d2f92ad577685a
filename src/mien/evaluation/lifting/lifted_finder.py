"""Lifted landmarks as 2D ones, for benchmarks that take any landmarker."""

from __future__ import annotations

from functools import cache

import numpy as np
from jaxtyping import Float

from mien.heads.library import load_head
from mien.landmarks.landmarker import Landmarker
from mien.landmarks.types import Landmarks2D
from mien.lifting.lifter import Lifter

_NEIGHBOURS = 6


class LiftedFinder:
    """Finds faces with a landmarker and gives their lifted landmarks' projections.

    Args:
        set_name: what to give: iBUG's brows have ends that WFLW's have not, which are told from the landmarks
            around them.
    """

    def __init__(self, landmarker: Landmarker, lifter: Lifter, *, set_name: str = "ibug68") -> None:
        self.landmarker, self.lifter, self.set_name = landmarker, lifter, set_name

    def __call__(self, image: np.ndarray, max_faces: int | None = None) -> list[Landmarks2D]:
        """All faces, best first."""
        return [
            self._in_set(self.lifter(image, face).landmarks) for face in self.landmarker(image, max_faces)
        ]

    def _in_set(self, face: Landmarks2D) -> Landmarks2D:
        weights = affine_weights(face.set_name, self.set_name)
        sigma_px = np.sqrt(weights**2 @ face.sigma_px**2)
        return Landmarks2D(weights @ face.points_px, sigma_px, self.set_name)


@cache
def affine_weights(from_set: str, to_set: str) -> Float[np.ndarray, "to_landmarks from_landmarks"]:
    """Weights that tell one set's landmarks of the mean head from the nearest of another's.

    They sum to 1 and are as small as can be, so that they hold in any picture from far away.
    """
    head = load_head()
    given_m = head.mean_m[head.landmark_set(from_set).vertices]
    wanted_m = head.mean_m[head.landmark_set(to_set).vertices]
    weights = np.zeros((len(wanted_m), len(given_m)))
    for row, point_m in enumerate(wanted_m):
        distance_m = np.linalg.norm(given_m - point_m, axis=1)
        near = np.argsort(distance_m)[:_NEIGHBOURS]
        if distance_m[near[0]] < 1e-9:
            weights[row, near[0]] = 1.0
            continue
        # in units of the neighbourhood, so that sum and place count alike
        place = np.vstack([(given_m[near] - point_m).T / distance_m[near].mean(), np.ones(len(near))])
        weights[row, near] = np.linalg.lstsq(place, np.array([0.0, 0.0, 0.0, 1.0]), rcond=None)[0]
    return weights
