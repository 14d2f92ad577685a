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
    corners_m = vertices_m[triangles]
    face = np.cross(corners_m[:, 1] - corners_m[:, 0], corners_m[:, 2] - corners_m[:, 0])
    total = np.stack(
        [
            np.bincount(triangles.ravel(), np.repeat(face[:, axis], 3), minlength=len(vertices_m))
            for axis in range(3)
        ],
        axis=1,
    )
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.where(length > 1e-15, total / np.maximum(length, 1e-15), (0.0, 0.0, 1.0))
