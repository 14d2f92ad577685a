"""Normals of triangle meshes."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Integer


def vertex_normals(
    vertices_m: Float[np.ndarray, "vertices 3"], triangles: Integer[np.ndarray, "triangles 3"]
) -> Float[np.ndarray, "vertices 3"]:
    """Unit normals, averaged over the triangles around each vertex by area.

    Vertices without a triangle of positive area get +z, so that every row has length one.
    """
    corners = triangles.T
    # From array to array: numpy is many times slower along short axes.
    first_m, second_m, third_m = (np.take(vertices_m, corner, axis=0).T for corner in corners)
    (ax, ay, az), (bx, by, bz) = second_m - first_m, third_m - first_m
    face = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    total = np.stack(
        [sum(np.bincount(corner, along, minlength=len(vertices_m)) for corner in corners) for along in face],
        axis=1,
    )
    length = np.sqrt((total * total).sum(axis=1, keepdims=True))
    return np.where(length > 1e-15, total / np.maximum(length, 1e-15), (0.0, 0.0, 1.0))
