"""Where a voxel is, as 27 channels beside its contents (FLNeRF, eq. 3)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

FREQUENCIES = 4
CHANNELS = 3 * (1 + 2 * FREQUENCIES)


def encode_positions(positions: Float[Tensor, "m 3"]) -> Float[Tensor, "m 27"]:
    """p, sin(2⁰πp), cos(2⁰πp), …, sin(2³πp), cos(2³πp) of coordinates in [0, 1]: p comes first."""
    parts = [positions]
    for power in range(FREQUENCIES):
        angle = (2.0**power) * torch.pi * positions
        parts += [angle.sin(), angle.cos()]
    return torch.cat(parts, dim=-1)


def encoded_grid(size: int) -> Float[Tensor, "27 n n n"]:
    """The encoding at the centres of size³ voxels; axes are x, y, z."""
    steps = (torch.arange(size) + 0.5) / size
    grid = torch.stack(torch.meshgrid(steps, steps, steps, indexing="ij"), dim=-1)
    return encode_positions(grid.reshape(-1, 3)).T.reshape(CHANNELS, size, size, size)
