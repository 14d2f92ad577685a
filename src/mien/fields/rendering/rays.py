"""Rays of cameras, and where they cross a box."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from mien.cameras import Camera


@dataclass(frozen=True)
class Rays:
    """Half lines in the world.

    Attributes:
        origins_m: (R, 3) where they start.
        directions: (R, 3) unit vectors.
    """

    origins_m: Float[Tensor, "r 3"]
    directions: Float[Tensor, "r 3"]

    def __len__(self) -> int:
        return len(self.origins_m)

    def __getitem__(self, index: Tensor | slice) -> Rays:
        return Rays(self.origins_m[index], self.directions[index])

    def to(self, device: torch.device | str) -> Rays:
        return Rays(self.origins_m.to(device), self.directions.to(device))

    def at(self, distances_m: Float[Tensor, "r k"]) -> Float[Tensor, "r k 3"]:
        """Points at distances along each ray."""
        return self.origins_m[:, None] + distances_m[..., None] * self.directions[:, None]


def camera_rays(camera: Camera, pixels: Int[np.ndarray, "r 2"] | None = None) -> Rays:
    """Rays through pixels' centres.

    Args:
        pixels: (R, 2) columns and rows (x, y); all pixels, row by row, when None.
    """
    if pixels is None:
        y, x = np.mgrid[: camera.height_px, : camera.width_px]
        pixels = np.stack([x.ravel(), y.ravel()], axis=1)
    homogeneous = np.concatenate([pixels, np.ones((len(pixels), 1))], axis=1)
    local = homogeneous @ np.linalg.inv(camera.intrinsics).T
    pose = camera.world_from_camera
    directions = local @ pose[:3, :3].T
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    origins = np.broadcast_to(pose[:3, 3], directions.shape)
    return Rays(torch.from_numpy(origins.astype(np.float32)), torch.from_numpy(directions.astype(np.float32)))


def cross_box(rays: Rays, bounds_m: Float[Tensor, "2 3"]) -> tuple[Tensor, Tensor]:
    """Distances (R,) at which rays enter and leave a box; the second is not larger where they miss it."""
    safe = torch.where(rays.directions.abs() < 1e-9, torch.full_like(rays.directions, 1e-9), rays.directions)
    first = (bounds_m[0] - rays.origins_m) / safe
    second = (bounds_m[1] - rays.origins_m) / safe
    near = torch.minimum(first, second).amax(dim=1).clamp(min=0)
    far = torch.maximum(first, second).amin(dim=1)
    return near, far
