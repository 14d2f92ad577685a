"""Rotations as networks tell them: two columns, made orthonormal (Zhou et al. 2019)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def rotation_from_6d(values: Float[Tensor, "batch 6"]) -> Float[Tensor, "batch 3 3"]:
    """Gram–Schmidt: the first three values give the first column's direction, the others the second's."""
    first, second = values[:, :3], values[:, 3:]
    x = first / first.norm(dim=1, keepdim=True).clamp(min=1e-6)
    y = second - (x * second).sum(1, keepdim=True) * x
    y = y / y.norm(dim=1, keepdim=True).clamp(min=1e-6)
    z = torch.stack(
        [
            x[:, 1] * y[:, 2] - x[:, 2] * y[:, 1],
            x[:, 2] * y[:, 0] - x[:, 0] * y[:, 2],
            x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0],
        ],
        1,
    )
    return torch.stack([x, y, z], 2)


def geodesic_rad(
    first: Float[Tensor, "batch 3 3"], second: Float[Tensor, "batch 3 3"]
) -> Float[Tensor, " batch"]:
    """Angle between rotations, with gradients that stay finite at 0 and π."""
    cosine = ((first * second).sum((1, 2)) - 1) / 2
    return torch.acos(cosine.clamp(-1 + 1e-6, 1 - 1e-6))
