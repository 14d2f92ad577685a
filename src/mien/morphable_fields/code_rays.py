"""Colours of rays by a coarse and a fine network (NeRF, section 5.2), between distances that a mesh gives."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from mien.fields.rendering.rays import Rays
from mien.morphable_fields.code_networks import CodeNetwork, SteeringCodes

BEFORE_M, BEHIND_M = 0.008, 0.012
"""Of the mesh, how far rays are followed."""
DENSITY_UNIT_PER_M = 100.0
"""Density of an activation of 1."""


@dataclass(frozen=True)
class GatheredRays:
    """(R, 3) colour, premultiplied, and (R,) alpha; the share of each sample (R, S) at distances (R, S)."""

    rgb: Float[Tensor, "r 3"]
    alpha: Float[Tensor, " r"]
    weights: Float[Tensor, "r s"]
    distances_m: Float[Tensor, "r s"]


def gather_rays(
    network: CodeNetwork,
    rays: Rays,
    distances_m: Float[Tensor, "r s"],
    end_m: Float[Tensor, " r"],
    codes: SteeringCodes,
    *,
    centre_m: Float[Tensor, " 3"],
    half_m: float,
) -> GatheredRays:
    """What rays gather from samples in order of distance; the last reaches to `end_m`."""
    positions = (rays.at(distances_m) - centre_m) / half_m
    raw, color = network(positions, rays.directions, codes)
    density = DENSITY_UNIT_PER_M * functional.softplus(raw.float() - 1)
    steps = torch.diff(torch.cat([distances_m, end_m[:, None]], dim=1), dim=1).clamp(min=0)
    optical = density * steps
    before = torch.cumsum(optical, dim=1) - optical
    weights = torch.exp(-before) * -torch.expm1(-optical)
    rgb = (weights[..., None] * torch.sigmoid(color.float())).sum(dim=1)
    return GatheredRays(rgb, weights.sum(dim=1), weights, distances_m)


def stratified(
    near_m: Float[Tensor, " r"], far_m: Float[Tensor, " r"], count: int, generator: torch.Generator
) -> Float[Tensor, "r s"]:
    """One place in each of `count` equal parts of each ray."""
    shape = (len(near_m), count)
    place = (torch.arange(count, device=near_m.device) + torch.rand(
        shape, generator=generator, device=near_m.device
    )) / count  # fmt: skip
    return near_m[:, None] + place * (far_m - near_m)[:, None]


def resampled(
    gathered: GatheredRays,
    near_m: Float[Tensor, " r"],
    far_m: Float[Tensor, " r"],
    count: int,
    generator: torch.Generator,
) -> Float[Tensor, "r s"]:
    """Further distances where the coarse network found weight, with the coarse ones, in order."""
    distances_m, weights = gathered.distances_m, gathered.weights.detach() + 1e-3
    middles = (distances_m[:, 1:] + distances_m[:, :-1]) / 2
    edges = torch.cat([near_m[:, None], middles, far_m[:, None]], dim=1)
    share = torch.cumsum(weights / weights.sum(dim=1, keepdim=True), dim=1)
    share = torch.cat([torch.zeros_like(share[:, :1]), share], dim=1)
    place = (torch.arange(count, device=near_m.device) + torch.rand(
        (len(near_m), count), generator=generator, device=near_m.device
    )) / count  # fmt: skip
    above = torch.searchsorted(share, place.contiguous(), right=True).clamp(1, share.shape[1] - 1)
    low, high = share.gather(1, above - 1), share.gather(1, above)
    part = (place - low) / (high - low).clamp(min=1e-6)
    start, end = edges.gather(1, above - 1), edges.gather(1, above)
    return torch.cat([distances_m, start + part.clamp(0, 1) * (end - start)], dim=1).sort(dim=1).values
