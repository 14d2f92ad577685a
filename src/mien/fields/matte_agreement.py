"""Mattes of many pictures against each other: what most call head is not carved away by a few."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8

from mien.fields.posed_images import PosedImages
from mien.fields.rendering.rays import camera_rays, cross_box
from mien.fields.silhouette_hull import hull

CELLS = 64
DEEP_CELLS = 2.0
"""Of the hull that a ray must cross before the others are believed more than its own picture."""
STEPS = 96


def agreeing_mattes(
    images: PosedImages, bounds_m: Float[np.ndarray, "2 3"]
) -> tuple[UInt8[np.ndarray, "_ _ 2"], ...]:
    """Mattes that say less where they contradict the others: pixels called surroundings whose rays cross what
    nearly all pictures call head are not known any more.

    Args:
        bounds_m: the head's box.
    """
    cells = hull(images, bounds_m, size=CELLS)
    bounds = torch.as_tensor(np.asarray(bounds_m), dtype=torch.float32)
    centre, half = bounds.mean(dim=0), (bounds[1] - bounds[0]) / 2
    cell_m = float(2 * half.mean()) / CELLS
    part = (torch.arange(STEPS) + 0.5) / STEPS
    out = []
    for camera, matte in zip(images.cameras, images.mattes, strict=True):
        matte = matte.copy()
        claimed = np.flatnonzero((matte[..., 0] < 128) & (matte[..., 1] > 0) & _near_head(matte))
        if len(claimed):
            pixels = np.stack([claimed % matte.shape[1], claimed // matte.shape[1]], axis=1)
            rays = camera_rays(camera, pixels)
            near_m, far_m = cross_box(rays, bounds)
            length_m = (far_m - near_m).clamp(min=0)
            points = rays.at(near_m[:, None] + length_m[:, None] * part)
            crossed_m = cells.at((points - centre) / half).float().mean(dim=1) * length_m
            matte.reshape(-1, 2)[claimed[(crossed_m > DEEP_CELLS * cell_m).numpy()], 1] = 0
        out.append(matte)
    return tuple(out)


def _near_head(matte: UInt8[np.ndarray, "h w 2"]) -> Bool[np.ndarray, "h w"]:
    """Pixels near anything that is called head: those far away are never doubted."""
    import cv2

    size = max(3, matte.shape[0] // 6) | 1
    near = cv2.dilate((matte[..., 0] > 127).astype(np.uint8), np.ones((size, size), np.uint8))
    return np.asarray(near > 0)
