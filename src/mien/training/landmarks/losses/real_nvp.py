"""RealNVP (Dinh et al. 2017) in the plane: the normalising flow of the residual log-likelihood."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn


class RealNVP(nn.Module):
    """A learnt density of points in the plane, close to a standard normal before training.

    Every layer keeps one coordinate and scales and shifts the other by functions of it (Simic, eq. 3.17); the
    coordinates take turns. Six layers of width 64 as in Li et al. 2021.

    Args:
        layers: coupling layers.
        width: of the two hidden layers inside them.
    """

    def __init__(self, *, layers: int = 6, width: int = 64) -> None:
        super().__init__()
        self.scales = nn.ModuleList(_function(width, bounded=True) for _ in range(layers))
        self.shifts = nn.ModuleList(_function(width, bounded=False) for _ in range(layers))

    def log_density(self, points: Float[Tensor, "points 2"]) -> Float[Tensor, " points"]:
        """log P_φ(x) = log N(f⁻¹(x); 0, I) + log |det ∂f⁻¹/∂x| (Simic, eq. 3.15)."""
        kept, changed = points[:, :1], points[:, 1:]
        log_det = torch.zeros_like(points[:, 0])
        for scale, shift in zip(reversed(self.scales), reversed(self.shifts), strict=True):
            log_scale = scale(kept)
            changed = (changed - shift(kept)) * torch.exp(-log_scale)
            log_det = log_det - log_scale[:, 0]
            kept, changed = changed, kept
        return log_det - 0.5 * (kept.square() + changed.square())[:, 0] - math.log(2 * math.pi)

    def points_from(self, normal: Float[Tensor, "points 2"]) -> Float[Tensor, "points 2"]:
        """x = f(z): standard normal samples to samples of the density."""
        kept, changed = normal[:, :1], normal[:, 1:]
        for scale, shift in zip(self.scales, self.shifts, strict=True):
            kept, changed = changed, kept
            changed = changed * torch.exp(scale(kept)) + shift(kept)
        return torch.cat([kept, changed], dim=1)


def _function(width: int, *, bounded: bool) -> nn.Sequential:
    last = nn.Linear(width, 1)
    with torch.no_grad():  # the identity, nearly: the flow begins as the normal that it starts from
        last.weight.mul_(0.1)
        last.bias.zero_()
    layers = [nn.Linear(1, width), nn.LeakyReLU(), nn.Linear(width, width), nn.LeakyReLU(), last]
    return nn.Sequential(*layers, *([nn.Tanh()] if bounded else []))
