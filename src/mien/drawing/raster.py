"""Meshes shaded by two lamps that stand with the camera."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Integer

from mien.cameras import Camera
from mien.geometry.normals import vertex_normals
from mien.geometry.rasterization import Raster, rasterize

LIGHTS = (  # towards the light in the camera's frame (x right, y down, z forward), and strength
    ((-0.35, -0.55, -0.75), 0.62),
    ((0.75, -0.1, -0.45), 0.16),
)
AMBIENT = 0.28


def shade_mesh(
    vertices_m: Float[np.ndarray, "vertices 3"],
    triangles: Integer[np.ndarray, "triangles 3"],
    camera: Camera,
    *,
    albedo: Float[np.ndarray, "vertices 3"],
) -> tuple[Float[np.ndarray, "covered 3"], Raster]:
    """Gouraud-shaded colours in [0, 1] at the covered pixels of the camera's picture.

    Args:
        albedo: colour of each vertex, [0, 1].
    """
    raster = seen_by(camera, vertices_m, triangles)
    light = _lamplight(vertex_normals(vertices_m, triangles), camera)
    return np.clip(raster.interpolate(albedo * light[:, None], triangles), 0, 1), raster


def seen_by(
    camera: Camera,
    vertices_m: Float[np.ndarray, "vertices 3"],
    triangles: Integer[np.ndarray, "triangles 3"],
) -> Raster:
    """The nearest triangle at every pixel of the camera's picture."""
    return rasterize(
        camera.project(vertices_m),
        camera.to_camera(vertices_m)[:, 2],
        triangles,
        width_px=camera.width_px,
        height_px=camera.height_px,
    )


def _lamplight(normals: np.ndarray, camera: Camera) -> np.ndarray:
    """(N,) what falls on a surface with these normals in the world."""
    light = np.full(len(normals), AMBIENT)
    for direction, strength in LIGHTS:
        unit = np.asarray(direction) / np.linalg.norm(direction)
        light += strength * np.maximum(normals @ (camera.camera_from_world[:3, :3].T @ unit), 0)
    return light
