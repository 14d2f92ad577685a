"""A picture with smooth edges for little more than the price of a rough one."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8

from mien.cameras import Camera
from mien.fields.protocol import Field
from mien.fields.rendering.picture import CHUNK_RAYS, gather, render_field
from mien.fields.rendering.rays import camera_rays

EDGE = 20.0
"""Grey values by which neighbours differ where one ray a pixel is too few."""


@torch.no_grad()
def smooth_picture(
    field: Field,
    camera: Camera,
    *,
    supersampling: int = 2,
    background: tuple[int, int, int] = (255, 255, 255),
) -> UInt8[np.ndarray, "height width 3"]:
    """RGB as of `render_field` with several rays a pixel, which only pixels get that differ from a neighbour.

    Args:
        supersampling: rays a pixel, each way.
    """
    rgb = render_field(field, camera, background=background).rgb
    if supersampling == 1:
        return rgb
    rows, columns = np.nonzero(edges_of(rgb, EDGE))
    if not len(rows):
        return rgb
    k = supersampling
    finer = camera.resized(width_px=k * camera.width_px, height_px=k * camera.height_px)
    dy, dx = (each.ravel() for each in np.mgrid[:k, :k])
    pixels = np.stack([k * columns[:, None] + dx, k * rows[:, None] + dy], axis=2).reshape(-1, 2)
    rays = camera_rays(finer, pixels).to(field.device)
    behind = torch.tensor(background, dtype=torch.float32, device=field.device) / 255
    colors = []
    for start in range(0, len(rays), CHUNK_RAYS):
        seen = gather(field, rays[slice(start, start + CHUNK_RAYS)])
        colors.append(seen.rgb + (1 - seen.alpha[:, None]) * behind)
    mean = torch.cat(colors).reshape(len(rows), k * k, 3).mean(dim=1)
    rgb = rgb.copy()
    rgb[rows, columns] = (mean.clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
    return rgb


def edges_of(
    rgb: UInt8[np.ndarray, "height width 3"] | Float[np.ndarray, "height width 3"], least: float
) -> Bool[np.ndarray, "height width"]:
    """Pixels of which a channel differs by at least so much from one of the eight around."""
    from scipy.ndimage import maximum_filter, minimum_filter

    values = np.asarray(rgb, np.float32)
    size = (3, 3, 1)
    return np.any(maximum_filter(values, size) - minimum_filter(values, size) >= least, axis=2)
