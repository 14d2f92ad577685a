"""Lifted landmarks as 2D ones, for benchmarks that take any landmarker."""

from __future__ import annotations

import numpy as np

from mien.landmarks.landmarker import Landmarker
from mien.landmarks.types import Landmarks2D
from mien.lifting.lifter import Lifter


class LiftedFinder:
    """Finds faces with a landmarker and gives their lifted landmarks' projections."""

    def __init__(self, landmarker: Landmarker, lifter: Lifter) -> None:
        self.landmarker, self.lifter = landmarker, lifter

    def __call__(self, image: np.ndarray, max_faces: int | None = None) -> list[Landmarks2D]:
        """All faces, best first."""
        return [self.lifter(image, face).landmarks for face in self.landmarker(image, max_faces)]
