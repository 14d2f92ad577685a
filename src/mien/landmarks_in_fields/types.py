"""3D landmarks found in a field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, eq=False)
class Landmarks3D:
    """Landmarks of the head in a field.

    Attributes:
        points_m: (68, 3) in the field's frame and unit (metres for mien's fields); NaN where no head was
            found.
        confidence: in [0, 1]: how surely this is a head.
        found: whether it is taken for one.
        field_from_head: (3, 4) similarity from the head's frame (metres) to the field's; its scale is the
            field's units per metre, if the head is of the size that its shape tells. NaN where none was
            found.
        coarse_points_m: (68, 3) what the coarse network alone says.
        sigma_m: (68,) standard deviation of each coordinate of a landmark, the field's unit; NaN where no
            head was found or the networks do not say (those without heatmaps).
        set_name: "ict68": the field networks learned ICT-FaceKit's 68 points, the brows on the forehead.
    """

    points_m: Float[np.ndarray, "68 3"]
    confidence: float
    found: bool
    field_from_head: Float[np.ndarray, "3 4"]
    coarse_points_m: Float[np.ndarray, "68 3"]
    sigma_m: Float[np.ndarray, " 68"]
    set_name: str = "ict68"

    @staticmethod
    def none_found(confidence: float) -> Landmarks3D:
        """There is no head here."""
        nothing = np.full((68, 3), np.nan)
        return Landmarks3D(nothing, confidence, False, np.full((3, 4), np.nan), nothing, np.full(68, np.nan))
