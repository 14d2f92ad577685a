"""The vertex–edge loss: differences between neighbouring landmarks, so that hidden ones keep their place."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mien.training.landmarks.losses.distributions import over_present


def vertex_edge_loss(
    points: Float[Tensor, "batch landmarks 2"],
    true_points: Float[Tensor, "batch landmarks 2"],
    presence: Float[Tensor, " batch"],
    *,
    edges: Int[Tensor, "edges 2"],
) -> Float[Tensor, ""]:
    """Σ (ê - e)² over the landmark mesh's edges (Simic, eq. 3.23), here their mean, times 100.

    A mean instead of the sum keeps the figure independent of the set; the factor is that of `squared_error`.
    An edge ê is the vector from one predicted landmark to its neighbour, e the true one.
    """
    first, second = edges.unbind(1)
    error = points - true_points
    squared = (error.index_select(1, second) - error.index_select(1, first)).square().sum(-1)
    return 100 * over_present(squared, presence, weights=torch.ones_like(squared[0]))
