"""Heads without a face: what lies in front of a cut is taken away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class FaceCut:
    """Takes a face away.

    Attributes:
        z_m: head frame; what lies further in front is gone.
        bulge_per_m: the cut goes back by this times the squared distance from the head's upright axis.
        tint: (3,) colour of the cut, [0, 1]; what the head is like inside when None.
    """

    z_m: float
    bulge_per_m: float = 0.0
    tint: tuple[float, float, float] | None = None

    def depth_m(self, points_m: Float[np.ndarray, "p 3"]) -> Float[np.ndarray, " p"]:
        """How far behind the cut points lie; negative in front."""
        return self.z_m - self.bulge_per_m * (points_m[:, 0] ** 2 + points_m[:, 1] ** 2) - points_m[:, 2]
