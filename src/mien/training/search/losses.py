"""Losses of the face search: a focal loss for centres, absolute error for geometry."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import logsigmoid

GEOMETRY_WEIGHTS = (1.0, 1.0, 2.0, 1.5, 1.5)
"""Weights of dx, dy, log side, cos roll and sin roll."""


def center_loss(
    logits: Float[Tensor, "batch rows columns"],
    heat: Float[Tensor, "batch rows columns"],
    weight: Float[Tensor, "batch rows columns"],
) -> Float[Tensor, ""]:
    """Focal loss against a heat map of centres, per face (Lin et al. 2017; Law and Deng 2018, eq. 1).

    Cells that are right already count little, and cells near a centre are forgiven a high score.
    """
    logits = logits.float()
    probability = torch.sigmoid(logits)
    center = heat >= 0.999
    at_centers = (1 - probability) ** 2 * logsigmoid(logits)
    elsewhere = (1 - heat) ** 4 * probability**2 * logsigmoid(-logits)
    total = (weight * torch.where(center, at_centers, elsewhere)).sum()
    return -total / center.sum().clamp(min=1)


def geometry_loss(
    geometry: Float[Tensor, "batch 5 rows columns"],
    wanted: Float[Tensor, "batch 5 rows columns"],
    weight: Float[Tensor, "batch rows columns"],
) -> Float[Tensor, ""]:
    """Mean absolute error of the geometry around centres, weighted by nearness to them."""
    importance = torch.tensor(GEOMETRY_WEIGHTS, device=geometry.device)[None, :, None, None]
    error = (importance * (geometry.float() - wanted).abs()).sum(dim=1)
    return (weight * error).sum() / weight.sum().clamp(min=1)
