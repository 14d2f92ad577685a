"""The mean of many heads' landmarks, which a face's own are told as offsets from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.lifting.visibility import ellipsoid_normals


@dataclass(frozen=True, eq=False)
class LandmarkTemplate:
    """A mean face.

    Attributes:
        points_m: (L, 3) in the frame in which faces look along +z.
        normals: (L, 3) unit vectors.
        set_name: what the landmarks are called.
    """

    points_m: Float[np.ndarray, "landmarks 3"]
    normals: Float[np.ndarray, "landmarks 3"]
    set_name: str


def template_of(points_m: Float[np.ndarray, "heads landmarks 3"], set_name: str) -> LandmarkTemplate:
    """The landmark-wise mean of labels; NaN are left out."""
    mean_m = np.nanmean(points_m, axis=0)
    return LandmarkTemplate(mean_m, ellipsoid_normals(mean_m), set_name)
