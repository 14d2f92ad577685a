"""Pictures of solids from all around: what radiance fields of things are trained on."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import Camera
from mien.fields.posed_images import PosedImages
from mien.synthetic.negatives.solids import Solid
from mien.synthetic.scenes.posed_scene import cameras_around

STEPS = 96
CAREFUL = 0.6
"""Share of the distance to the surface that a ray advances: the distances are not exact."""
NEAR_M = 0.0002
SLOPE_M = 0.0005
"""Half a difference quotient's step."""
LIGHT = np.array([0.45, 0.75, 0.95]) / np.linalg.norm([0.45, 0.75, 0.95])
AMBIENT = 0.45
SAMPLES = 2
"""Rays each way in a pixel."""


def photograph_solid(solid: Solid, camera: Camera) -> UInt8[np.ndarray, "height width 4"]:
    """RGBA by marching rays to the surface; lit from above the front."""
    height, width = camera.height_px, camera.width_px
    steps = (np.arange(SAMPLES * max(height, width)) + 0.5) / SAMPLES - 0.5
    columns, rows = np.meshgrid(steps[: SAMPLES * width], steps[: SAMPLES * height])
    pixels = np.stack([columns, rows, np.ones_like(rows)], axis=-1).reshape(-1, 3)
    local = pixels @ np.linalg.inv(camera.intrinsics).T
    ways = local @ camera.camera_from_world[:3, :3]
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    start_m = camera.world_from_camera[:3, 3]
    bounds_m = solid.bounds_m()
    middle_m, reach_m = bounds_m.mean(axis=0), float(np.linalg.norm(bounds_m[1] - bounds_m[0])) / 2
    closest_m = (middle_m - start_m) @ ways.T
    travelled_m = np.maximum(closest_m - reach_m, 0)
    alive = np.arange(len(ways))
    hit = np.zeros(len(ways), bool)
    for _ in range(STEPS):
        distance_m = solid.distance_m(start_m + travelled_m[alive, None] * ways[alive])
        hit[alive[distance_m < NEAR_M]] = True
        travelled_m[alive] += CAREFUL * distance_m
        alive = alive[(distance_m >= NEAR_M) & (travelled_m[alive] < closest_m[alive] + reach_m)]
        if len(alive) == 0:
            break
    rgba = np.zeros((len(ways), 4))
    rgba[hit] = _shaded(solid, start_m + travelled_m[hit, None] * ways[hit])
    mean = rgba.reshape(height, SAMPLES, width, SAMPLES, 4).mean(axis=(1, 3))
    mean[..., :3] /= np.maximum(mean[..., 3:], 1e-6)
    return np.rint(255 * np.clip(mean, 0, 1)).astype(np.uint8)


def _shaded(solid: Solid, points_m: Float[np.ndarray, "m 3"]) -> Float[np.ndarray, "m 4"]:
    slopes = [
        solid.distance_m(points_m + SLOPE_M * axis) - solid.distance_m(points_m - SLOPE_M * axis)
        for axis in np.eye(3)
    ]
    normals = np.stack(slopes, axis=1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    light = AMBIENT + (1 - AMBIENT) * np.maximum(normals @ LIGHT, 0)
    return np.concatenate([solid.colors(points_m) * light[:, None], np.ones((len(points_m), 1))], axis=1)


def pictures_around_solid(solid: Solid, *, views: int, size_px: int) -> PosedImages:
    """Pictures with silhouettes from all around."""
    low_m, high_m = solid.bounds_m(margin_m=0.0)
    cameras = cameras_around(
        (low_m + high_m) / 2,
        count=views,
        size_px=size_px,
        radius_m=float(np.linalg.norm(high_m - low_m)) / 2,
    )
    return PosedImages.of(cameras, [photograph_solid(solid, camera) for camera in cameras])
