"""Points in space from where several cameras see them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera

ROBUST_DEVIATIONS = 2.0
"""Residuals beyond this many standard deviations lose weight (Huber)."""


def triangulate(
    points_px: Float[np.ndarray, "views landmarks 2"],
    sigma_px: Float[np.ndarray, "views landmarks"],
    cameras: Sequence[Camera],
    *,
    sweeps: int = 5,
) -> Float[np.ndarray, "landmarks 3"]:
    """Each point by weighted linear triangulation, reweighted by its reprojection errors (Huber).

    Returns:
        (L, 3) in the cameras' world and unit.
    """
    matrices = np.stack([camera.intrinsics @ camera.camera_from_world[:3] for camera in cameras])
    rows = points_px[..., None] * matrices[:, None, 2:3] - matrices[:, None, :2]  # (V, L, 2, 4)
    weight = 1 / sigma_px
    points_m = np.zeros((points_px.shape[1], 3))
    for _ in range(sweeps):
        depth_weight = weight
        if points_m.any():  # algebraic errors are those of the picture times the depth
            depths = np.stack([camera.to_camera(points_m)[:, 2] for camera in cameras])
            depth_weight = weight / np.maximum(depths, 1e-3 * np.abs(depths).max())
        system = np.moveaxis(rows * depth_weight[..., None, None], 1, 0).reshape(len(points_m), -1, 4)
        _, _, vt = np.linalg.svd(system)
        homogeneous = vt[:, -1]
        points_m = homogeneous[:, :3] / homogeneous[:, 3:]
        error = np.stack(
            [
                np.linalg.norm(camera.project(points_m) - seen, axis=1)
                for camera, seen in zip(cameras, points_px, strict=True)
            ]
        )
        relative = np.nan_to_num(error / sigma_px, nan=1e3)
        weight = np.sqrt(np.minimum(1, ROBUST_DEVIATIONS / np.maximum(relative, 1e-9))) / sigma_px
    return points_m
