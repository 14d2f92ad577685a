"""Which landmarks a camera can see, told from normals alone (FaceLift, §3)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from mien.cameras import Camera

FACING = 0.15
"""A landmark counts as visible when the cosine between its normal and the way to the camera exceeds this."""
_AXES_M = np.array([0.075, 0.115, 0.095])
"""Half axes of the ellipsoid that a face is a part of: across, up, forward."""


def ellipsoid_normals(points_m: Float[np.ndarray, "landmarks 3"]) -> Float[np.ndarray, "landmarks 3"]:
    """Unit normals of landmarks on a face, as if it were a part of an ellipsoid.

    Landmarks say too little of the surface for normals of its own, and what normals are needed for, a mask,
    asks only towards which side they look.

    Args:
        points_m: (L, 3) a face that looks along +z, +y up; any unit: the ellipsoid is scaled to it.
    """
    low, high = points_m.min(axis=0), points_m.max(axis=0)
    scale = max((high[0] - low[0]) / 2, 1e-9) / _AXES_M[0]
    axes_m = _AXES_M * scale
    # its front is that of the farther half of the points, not the tip of the nose
    front_m = np.quantile(points_m[:, 2], 0.8)
    centre_m = np.array(
        [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2 + 0.2 * axes_m[1], front_m - axes_m[2]]
    )
    normals = (points_m - centre_m) / axes_m**2
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)


def visible_from(
    points_m: Float[np.ndarray, "landmarks 3"],
    normals: Float[np.ndarray, "landmarks 3"],
    cameras: Sequence[Camera],
    *,
    facing: float = FACING,
) -> Bool[np.ndarray, "views landmarks"]:
    """(V, L) which landmarks of a template face which camera."""
    masks = []
    for camera in cameras:
        way = camera.world_from_camera[:3, 3] - points_m
        way /= np.linalg.norm(way, axis=1, keepdims=True)
        masks.append((way * normals).sum(axis=1) > facing)
    return np.stack(masks)
