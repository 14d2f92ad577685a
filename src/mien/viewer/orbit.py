"""A view that turns about a head: the page's camera and that of its field's pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera

FIELD_OF_VIEW_RAD = float(2 * np.arcsin(0.165))
"""Of the smaller side; that of turntables of fields."""
DISTANCE_M = 1.0


@dataclass(frozen=True)
class OrbitView:
    """Where a viewer stands, in the head's frame.

    Attributes:
        azimuth_rad: from the front towards the head's left side; elevation_rad: above the horizon.
        distance_m: from the target. target_m: what is in the middle.
    """

    azimuth_rad: float = 0.0
    elevation_rad: float = 0.0
    distance_m: float = DISTANCE_M
    target_m: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def camera(self, size_px: int) -> Camera:
        """The camera of a square picture."""
        a, e = self.azimuth_rad, self.elevation_rad
        right = np.array([np.cos(a), 0.0, -np.sin(a)])
        outward = np.array([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)])
        rotation = np.stack([right, np.cross(right, outward), -outward])  # x right, y down, z forward
        pose = np.eye(4)
        pose[:3, :3] = rotation
        pose[:3, 3] = -rotation @ (np.array(self.target_m) + self.distance_m * outward)
        focal_px = 0.5 * size_px / np.tan(FIELD_OF_VIEW_RAD / 2)
        return Camera.from_focal(float(focal_px), width_px=size_px, height_px=size_px, camera_from_world=pose)


def middle_m(vertices_m: Float[np.ndarray, "vertices 3"]) -> tuple[float, float, float]:
    """The middle of a head's box, for views to look at."""
    x, y, z = (vertices_m.min(axis=0) + vertices_m.max(axis=0)) / 2
    return float(x), float(y), float(z)
