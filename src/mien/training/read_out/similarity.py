"""The similarity that takes a face's points in a crop onto a mean shape."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def similarity_onto(
    first: Float[Tensor, "batch points 2"], reference: Float[Tensor, "points 2"]
) -> tuple[Float[Tensor, "batch 2"], Float[Tensor, "batch 2"]]:
    """The complex factor and the points' centre of p ↦ factor · (p - centre), points as complex numbers."""
    centre = first.mean(1)
    offset = first - centre[:, None]
    square = offset.square().sum((1, 2)).clamp(min=1e-3)
    real = (offset * reference).sum((1, 2)) / square
    imaginary = (offset[..., 0] * reference[:, 1] - offset[..., 1] * reference[:, 0]).sum(1) / square
    return torch.stack([real, imaginary], 1), centre
