"""Losses from fixed distributions: every landmark is circular around an expected position.

All take errors in the network's frame and average over the faces that are present, weighted per landmark, so
that the figures do not depend on batch or set size.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from mien.training.landmarks.networks import LandmarkOutput


def gaussian_nll(
    squared_distance: Float[Tensor, "batch landmarks"], log_sigma: Float[Tensor, "batch landmarks"]
) -> Float[Tensor, "batch landmarks"]:
    """log σ² + ‖μ - μ'‖² / 2σ² (Wood et al. 2022, eq. 1; Simic, eq. 3.14), a Gaussian's, plus a constant."""
    return 2 * log_sigma + 0.5 * squared_distance * torch.exp(-2 * log_sigma)


def laplacian_nll(
    squared_distance: Float[Tensor, "batch landmarks"], log_sigma: Float[Tensor, "batch landmarks"]
) -> Float[Tensor, "batch landmarks"]:
    """The same for the density ∝ exp(-√3 d / σ), heavier in the tails, whose variance along an axis is σ².

    Simic's NLLL (after eq. 3.14), in a form that does not depend on the direction of the axes.
    """
    distance = torch.sqrt(squared_distance + 1e-10)
    return 2 * log_sigma + 3**0.5 * distance * torch.exp(-log_sigma)


def squared_error(
    squared_distance: Float[Tensor, "batch landmarks"], log_sigma: Float[Tensor, "batch landmarks"]
) -> Float[Tensor, "batch landmarks"]:
    """Positions alone (the ablation of section 3.1), on a scale on which a learning rate suits both."""
    return 100 * squared_distance + 0 * log_sigma


DENSITIES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "gaussian": gaussian_nll,
    "laplacian": laplacian_nll,
    "l2": squared_error,
}


def landmark_loss(
    output: LandmarkOutput,
    points: Float[Tensor, "batch landmarks 2"],
    presence: Float[Tensor, " batch"],
    *,
    weights: Float[Tensor, " landmarks"],
    loss: str = "gaussian",
) -> Float[Tensor, ""]:
    """Weighted mean over landmarks and present faces."""
    squared_distance = (output.points - points).square().sum(-1)
    each = DENSITIES[loss](squared_distance, output.log_sigma)
    return over_present(each, presence, weights=weights)


def over_present(
    each: Float[Tensor, "batch landmarks"],
    presence: Float[Tensor, " batch"],
    *,
    weights: Float[Tensor, " landmarks"],
) -> Float[Tensor, ""]:
    """Mean over landmarks, weighted, and over the faces that are there."""
    per_face = (each * weights).sum(-1) / weights.sum()
    return (per_face * presence).sum() / presence.sum().clamp(min=1)


def presence_loss(logit: Float[Tensor, " batch"], presence: Float[Tensor, " batch"]) -> Float[Tensor, ""]:
    """Binary cross-entropy of the presence logit."""
    return torch.nn.functional.binary_cross_entropy_with_logits(logit, presence)
