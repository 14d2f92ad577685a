"""What may stand where a landmarker is asked for: `mien.Landmarker`, or anything that does the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np

from mien.landmarks.types import Landmarks2D

LandmarkFinder = Callable[[np.ndarray], list[Landmarks2D]]
"""Finds faces: an (H, W, 3) uint8 RGB picture in, landmarks out, best first."""


@runtime_checkable
class LandmarkFollower(Protocol):
    """Finds faces in a picture, and one known face in the next."""

    def __call__(self, image: np.ndarray) -> list[Landmarks2D]:
        """All faces, best first."""
        ...

    def track(self, image: np.ndarray, previous: Landmarks2D) -> Landmarks2D | None:
        """The face whose last landmarks are known, or None when it is lost."""
        ...
