"""Matrices that take world points to OpenGL's clip coordinates."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def orthographic(
    direction: Float[np.ndarray, " 3"], centre_m: Float[np.ndarray, " 3"], extent_m: float
) -> Float[np.ndarray, "4 4"]:
    """Clip matrix of a parallel light that shines onto `centre_m`.

    Args:
        direction: from the scene to the light, world frame; any length.
        extent_m: half the side of the cube around `centre_m` that is seen.
    """
    forward = -direction / np.linalg.norm(direction)
    side = np.cross(forward, [0.0, 1.0, 0.0] if abs(forward[1]) < 0.95 else [1.0, 0.0, 0.0])
    side /= np.linalg.norm(side)
    rows = np.stack([side, np.cross(side, forward), forward]) / extent_m
    matrix = np.eye(4)
    matrix[:3, :3] = rows
    matrix[:3, 3] = -rows @ centre_m
    return matrix


def clip_from_camera(
    intrinsics: Float[np.ndarray, "3 3"],
    camera_from_world: Float[np.ndarray, "4 4"],
    size_px: int,
    *,
    near_m: float,
    far_m: float,
) -> Float[np.ndarray, "4 4"]:
    """Clip matrix of an OpenCV camera whose pixel (0, 0) is the centre of the top-left pixel."""
    fx, fy, cx, cy = intrinsics[0, 0], intrinsics[1, 1], intrinsics[0, 2] + 0.5, intrinsics[1, 2] + 0.5
    projection = np.zeros((4, 4))
    projection[0, 0], projection[0, 2] = 2 * fx / size_px, 2 * cx / size_px - 1
    projection[1, 1], projection[1, 2] = -2 * fy / size_px, 1 - 2 * cy / size_px
    projection[2, 2] = (far_m + near_m) / (far_m - near_m)
    projection[2, 3] = -2 * far_m * near_m / (far_m - near_m)
    projection[3, 2] = 1.0
    return projection @ camera_from_world
