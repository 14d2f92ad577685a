"""Losses of a lifting network (FaceLift, §3)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from mien.training.lifting.network import LiftedOutput
from mien.training.lifting.rotation6d import geodesic_rad

CM_PER_M = 100.0


def laplacian_log_likelihood(
    error: Float[Tensor, "batch landmarks 2"], cholesky: Float[Tensor, "batch landmarks 3"]
) -> Float[Tensor, "batch landmarks"]:
    """-log of a bivariate Laplacian's density, without its constant: log|Σ|/2 + √(3 eᵀ Σ⁻¹ e).

    Args:
        cholesky: log l₀₀, l₁₀ and log l₁₁ of Σ = L Lᵀ.
    """
    log_first, below, log_second = cholesky.unbind(-1)
    # L w = e, so that eᵀ Σ⁻¹ e = ‖w‖²
    first = error[..., 0] * torch.exp(-log_first)
    second = (error[..., 1] - below * first) * torch.exp(-log_second)
    squared = first.square() + second.square()
    return log_first + log_second + torch.sqrt(3 * squared + 1e-8)


def over_known(
    values: Float[Tensor, "batch landmarks"], known: Float[Tensor, "batch landmarks"]
) -> Float[Tensor, ""]:
    """Mean of what is known."""
    return (values * known).sum() / known.sum().clamp(min=1.0)


def multi_view_losses(
    output: LiftedOutput,
    *,
    points_m: Float[Tensor, "batch landmarks 3"],
    known: Float[Tensor, "batch landmarks"],
    rotation: Float[Tensor, "batch 3 3"],
    shift_m: Float[Tensor, "batch 3"],
    points: Float[Tensor, "batch landmarks 2"],
) -> dict[str, Tensor]:
    """Of samples with 3D pseudo-labels and cameras.

    Args:
        points_m: labels, zeros where not known; points: their projection, half crop sides.
    """
    squared = ((output.points_m - points_m) * CM_PER_M).square().mean(-1)
    return {
        "points": over_known(squared, known),
        "shift": ((output.shift_m - shift_m) * CM_PER_M).square().mean(),
        "likelihood": over_known(laplacian_log_likelihood(output.points - points, output.cholesky), known),
        "rotation": geodesic_rad(output.rotation, rotation).mean(),
    }


def multi_frame_loss(
    output: LiftedOutput,
    *,
    points: Float[Tensor, "batch landmarks 2"],
    present: Float[Tensor, " batch"],
    normals: Float[Tensor, "landmarks 3"],
    facing: float,
) -> Float[Tensor, ""]:
    """Of frames with 2D labels: their likelihood where the template's normals, turned as the network sees the
    head, look at the camera."""
    turned = torch.einsum("bj,lj->bl", output.rotation[:, 2].detach(), normals)
    # the camera looks along +z: what faces it has a normal towards -z
    counts = (turned < -facing).float() * present[:, None]
    return over_known(laplacian_log_likelihood(output.points - points, output.cholesky), counts)
