"""What a read-out's training makes small."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from mien.training.landmarks.losses.distributions import over_present
from mien.training.landmarks.networks import LandmarkOutput

_EPSILON = 0.004
"""Distances below this, in half crop sides, count by their square."""


def weighted_gaussian(
    output: LandmarkOutput,
    labels: Float[Tensor, "batch landmarks 2"],
    presence: Float[Tensor, " batch"],
    *,
    weights: Float[Tensor, " landmarks"],
    beta: float,
) -> Float[Tensor, ""]:
    """β-NLL (Seitzer et al. 2022): the Gaussian's negative log-likelihood times σ^2β, which is held fixed.

    The plain likelihood divides gradients by σ², and σ is large just where people differ.
    """
    squared = (output.points - labels).square().sum(-1)
    each = 2 * output.log_sigma + 0.5 * squared * torch.exp(-2 * output.log_sigma)
    share = torch.exp(2 * beta * output.log_sigma).detach()
    # so that the loss keeps its size whatever β is
    share = share / share.mean()
    return over_present(each * share, presence, weights=weights)


def shape_loss(
    points: Float[Tensor, "batch landmarks 2"],
    labels: Float[Tensor, "batch landmarks 2"],
    presence: Float[Tensor, " batch"],
    *,
    weights: Float[Tensor, " landmarks"],
) -> Float[Tensor, ""]:
    """What is left of the distances once the best small similarity is taken away, √(d² + ε²) - ε.

    Where a face lies, how large it is and how it is turned in the picture is known well enough; what is left
    is the person and the expression.
    """
    error = points - labels
    error = error - error.mean(1, keepdim=True)
    centred = labels - labels.mean(1, keepdim=True)
    square = centred.square().sum((1, 2)).clamp(min=1e-6)
    turned = torch.stack([-centred[..., 1], centred[..., 0]], -1)
    scale = (error * centred).sum((1, 2)) / square
    turn = (error * turned).sum((1, 2)) / square
    left = error - scale[:, None, None] * centred - turn[:, None, None] * turned
    distance = torch.sqrt(left.square().sum(-1) + _EPSILON**2) - _EPSILON
    return 10 * over_present(distance, presence, weights=weights)
