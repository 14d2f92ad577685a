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
    quarter = torch.stack([reference[:, 1], -reference[:, 0]], 1)
    products = offset.flatten(1) @ torch.stack([reference, quarter]).flatten(1).T
    return products / square[:, None], centre


def complex_products(
    points: Float[Tensor, "batch points 2"], factor: Float[Tensor, "batch 2"]
) -> Float[Tensor, "batch points 2"]:
    """Points times a factor, both as complex numbers."""
    # (x, y) times the rows (real, imaginary) and (−imaginary, real)
    to_rows = torch.tensor([[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, -1.0, 0.0]]).to(factor)
    return points @ (factor @ to_rows).reshape(-1, 2, 2)
