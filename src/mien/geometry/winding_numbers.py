"""Inside or outside of a mesh, which may have holes."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Integer

_AT_ONCE = 2_000_000
"""Pairs of a point and a triangle held in memory together."""


def winding_numbers(
    points_m: Float[np.ndarray, "points 3"],
    vertices_m: Float[np.ndarray, "vertices 3"],
    triangles: Integer[np.ndarray, "triangles 3"],
) -> Float[np.ndarray, " points"]:
    """(P,) how often the surface encloses each point: 1 inside, 0 outside, between them about holes.

    The sum of solid angles (van Oosterom & Strackee 1983, eq. 8) over a sphere's (Jacobson et al. 2013).

    Args:
        triangles: counter-clockwise seen from outside.
    """
    result = np.empty(len(points_m))
    step = max(1, _AT_ONCE // max(len(triangles), 1))
    for start in range(0, len(points_m), step):
        corners = vertices_m[triangles][None] - points_m[start : start + step, None, None]  # (p, T, 3, 3)
        length = np.linalg.norm(corners, axis=3)
        a, b, c = (corners[:, :, k] for k in range(3))
        volume = np.einsum("ptc,ptc->pt", a, np.cross(b, c))
        products = [np.einsum("ptc,ptc->pt", *pair) for pair in ((a, b), (b, c), (c, a))]
        below = length.prod(axis=2)
        below += products[0] * length[..., 2] + products[1] * length[..., 0] + products[2] * length[..., 1]
        result[start : start + step] = np.arctan2(volume, below).sum(axis=1) / (2 * np.pi)
    return result
