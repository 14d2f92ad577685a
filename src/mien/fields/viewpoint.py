"""From where a field is looked at when nothing else is said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Viewpoint:
    """A start for turntables: where a field's front is, and how far away a camera stands.

    Attributes:
        up: (3,) unit, world: up in the pictures.
        front: (3,) unit, world, at right angles to `up`: from the field towards the viewer.
        distance_m: from the box's centre to the camera.
        field_of_view_rad: angle across the shorter side of the pictures.
    """

    up: tuple[float, float, float] = (0.0, 1.0, 0.0)
    front: tuple[float, float, float] = (0.0, 0.0, 1.0)
    distance_m: float = 1.0
    field_of_view_rad: float = 0.4

    @staticmethod
    def around(bounds_m: Float[np.ndarray, "2 3"]) -> Viewpoint:
        """In front of a box whose +y is up and whose +z is the front: all of it is seen."""
        radius_m = float(np.linalg.norm(bounds_m[1] - bounds_m[0])) / 2
        return Viewpoint(distance_m=radius_m / float(np.sin(Viewpoint.field_of_view_rad / 2)))
