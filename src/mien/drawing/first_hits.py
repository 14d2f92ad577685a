"""Where a camera's rays first meet a known mesh: near and far of a field about it."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Integer

from mien.cameras import Camera
from mien.geometry.rasterization import rasterize

MARGIN_PX = 3.0
"""How far beside the mesh rays are followed too: silhouettes are learned from both sides."""


def first_hits_m(
    camera: Camera,
    vertices_m: Float[np.ndarray, "vertices 3"],
    triangles: Integer[np.ndarray, "triangles 3"],
    *,
    margin_px: float = MARGIN_PX,
) -> tuple[Float[np.ndarray, "height width"], Float[np.ndarray, "height width"]]:
    """Distance along each pixel's ray to the mesh, and how far beside it the pixel lies, pixels.

    Beside the mesh the distance is that of the nearest pixel on it; beyond the margin it is NaN.
    """
    from scipy import ndimage

    depth_m = camera.to_camera(vertices_m)[:, 2]
    raster = rasterize(
        camera.project(vertices_m), depth_m, triangles, width_px=camera.width_px, height_px=camera.height_px
    )
    nearness = raster.interpolate((1 / depth_m)[:, None], triangles)[:, 0]
    found = np.full((camera.height_px, camera.width_px), np.nan)
    y, x = np.mgrid[: camera.height_px, : camera.width_px]
    local = np.stack([x, y, np.ones_like(x)], axis=-1) @ np.linalg.inv(camera.intrinsics).T
    length = np.linalg.norm(local, axis=-1)
    found[raster.rows, raster.columns] = length[raster.rows, raster.columns] / nearness
    missed = np.isnan(found)
    if missed.all():
        return found, np.full_like(found, np.inf)
    beside, (rows, columns) = ndimage.distance_transform_edt(missed, return_indices=True)  # type: ignore[misc]
    found = found[rows, columns]
    found[beside > margin_px] = np.nan
    return found, np.asarray(beside)
