"""Samples along rays in occupied space, and what they add up to (volume rendering: NeRF, eq. 3).

Samples of all rays lie in one flat list, so that rays may have any number of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mien.fields.grids.occupancy import Occupancy
from mien.fields.rendering.rays import Rays


@dataclass(frozen=True)
class Samples:
    """Samples of many rays, ordered by ray and distance.

    Attributes:
        coordinates: (M, 3) normalised to the box.
        ray: (M,) the ray each belongs to.
        distance_m: (M,) from the ray's origin.
        step_m: length of ray that each stands for.
    """

    coordinates: Float[Tensor, "m 3"]
    ray: Int[Tensor, " m"]
    distance_m: Float[Tensor, " m"]
    step_m: float

    def __len__(self) -> int:
        return len(self.ray)


def march(
    rays: Rays,
    near_m: Float[Tensor, " r"],
    far_m: Float[Tensor, " r"],
    *,
    bounds_m: Float[Tensor, "2 3"],
    occupancy: Occupancy | None,
    step_m: float,
    jitter: torch.Generator | None = None,
) -> Samples:
    """Samples in occupied cells between two distances of each ray.

    Args:
        occupancy: every cell may hold something when None.
        jitter: draws each sample's place within its step (stratified sampling); without it the middle.
    """
    counts = ((far_m - near_m) / step_m).ceil().clamp(min=0).long()
    ray = torch.arange(len(rays), device=counts.device).repeat_interleave(counts)
    first = counts.cumsum(0) - counts
    number = torch.arange(len(ray), device=counts.device) - first.index_select(0, ray)
    if jitter is None:
        place = torch.full((len(ray),), 0.5, device=counts.device)
    else:
        place = torch.rand(len(ray), generator=jitter, device=counts.device)
    distance_m = near_m.index_select(0, ray) + (number + place) * step_m
    centre, half = bounds_m.mean(dim=0), (bounds_m[1] - bounds_m[0]) / 2
    origins, directions = (rays.origins_m - centre) / half, rays.directions / half
    coordinates = torch.addcmul(
        origins.index_select(0, ray), distance_m[:, None], directions.index_select(0, ray)
    )
    # index_select is several times quicker than indexing here
    kept = distance_m < far_m.index_select(0, ray)
    if occupancy is not None:
        kept &= occupancy.at(coordinates)
    keep = kept.nonzero()[:, 0]
    return Samples(
        coordinates.index_select(0, keep),
        ray.index_select(0, keep),
        distance_m.index_select(0, keep),
        step_m,
    )


def weights_of(
    optical_depth: Float[Tensor, " m"], ray: Int[Tensor, " m"], ray_count: int
) -> tuple[Float[Tensor, " m"], Float[Tensor, " m"]]:
    """How much each sample adds to its ray, and the transmittance in front of it.

    Args:
        optical_depth: density times step of each sample, ordered by ray and distance.

    Returns:
        (M,) T·(1 − exp(−density·step)) and (M,) T.
    """
    # In double precision: the sum runs over all rays and is taken back to each ray's start.
    total = optical_depth.double().cumsum(0)
    before = total - optical_depth
    starts = torch.searchsorted(ray, torch.arange(ray_count, device=ray.device))
    start = torch.cat([before, before.new_zeros(1)])[starts.clamp(max=len(ray))]
    transmittance = torch.exp(start.index_select(0, ray) - before).to(optical_depth.dtype)
    return transmittance * -torch.expm1(-optical_depth), transmittance


def spread(weights: Float[Tensor, " m"], samples: Samples, ray_count: int) -> Float[Tensor, ""]:
    """Σ wᵢwⱼ|tᵢ − tⱼ| + Σ wᵢ²·step/3, mean over rays, in steps (mip-NeRF 360, eq. 15)."""
    place = samples.distance_m / samples.step_m
    place = place - place.mean()
    # Both sums before a sample by cumulative sums over all rays, each taken back to its ray's start.
    mass, moment = weights.double(), (weights * place).double()
    starts = torch.searchsorted(samples.ray, torch.arange(ray_count, device=weights.device))

    def before(values: Tensor) -> Tensor:
        exclusive = values.cumsum(0) - values
        first = torch.cat([exclusive, exclusive.new_zeros(1)])[starts]
        return exclusive - first.index_select(0, samples.ray)

    pairs = 2 * mass * (place * before(mass) - before(moment))
    return ((pairs + mass**2 / 3).sum() / ray_count).to(weights.dtype)


def add_up(
    weights: Float[Tensor, " m"], values: Float[Tensor, "m c"], ray: Int[Tensor, " m"], ray_count: int
) -> Float[Tensor, "r c"]:
    """Σ weight · value over the samples of each ray."""
    out = values.new_zeros(ray_count, values.shape[1])
    return out.index_add(0, ray, weights[:, None] * values)
