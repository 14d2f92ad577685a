"""Residual log-likelihood (Li et al. 2021, "Human pose regression with residual log-likelihood …")."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mien.training.landmarks.losses.real_nvp import RealNVP


class ResidualLogLikelihood(nn.Module):
    """-log Q(x̄) - log G_φ(x̄) + log σ̂ with x̄ = (μ - μ̂) / σ̂ (Simic, eqs. 3.18–3.21).

    Q is a Laplacian along each axis; G_φ is a RealNVP flow that learns what Q leaves over, shared by all
    landmarks. One σ̂ serves both axes, so log σ̂ counts twice. The flow lives here, not in the network: at
    inference it is gone. With σ̂ from a sigmoid this is Simic's "ResLL", from an exponential "ResLL Exp"
    (section 3.3.3); which one is the network's configuration.
    """

    def __init__(self) -> None:
        super().__init__()
        self.flow = RealNVP()

    def forward(
        self, error: Float[Tensor, "batch landmarks 2"], log_sigma: Float[Tensor, "batch landmarks"]
    ) -> Float[Tensor, "batch landmarks"]:
        """The loss of every landmark, from its error μ - μ̂."""
        scaled = error * torch.exp(-log_sigma)[..., None]
        log_residual = self.flow.log_density(scaled.reshape(-1, 2)).reshape(log_sigma.shape)
        return -_log_laplacian(scaled) - log_residual + 2 * log_sigma

    @torch.no_grad()
    def log_standard_deviation(self, *, samples: int = 20_000) -> Float[Tensor, ""]:
        """Log of the standard deviation along an axis, around zero, of the learnt density ∝ Q · G_φ.

        σ̂ alone is only a scale, since the flow may be wide or narrow; times this it is a standard deviation.
        Found by drawing from G_φ and weighting with Q.
        """
        parameter = next(self.flow.parameters())
        generator = torch.Generator().manual_seed(0)
        normal = torch.randn(samples, 2, generator=generator).to(parameter.device, parameter.dtype)
        points = self.flow.points_from(normal)
        weights = torch.exp(_log_laplacian(points))
        variance = (weights * points.square().mean(-1)).sum() / weights.sum()
        return 0.5 * torch.log(variance)


def _log_laplacian(scaled: Tensor) -> Tensor:
    """Unit variance along each axis, as in Li et al.: log density exp(-√2 |x|) / √2, summed over the axes."""
    return -(math.sqrt(2) * scaled.abs() + 0.5 * math.log(2)).sum(-1)
