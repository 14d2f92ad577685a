"""What lies outside a field's box, to infinity: a coarse grid in contracted space (mip-NeRF 360, section
2)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mien.fields.grids.tensor_grids import VectorMatrixGrid
from mien.fields.rendering.rays import Rays

BEHIND_SAMPLES, BEFORE_SAMPLES = 24, 6
"""Samples of each ray behind and before the box; the last one is opaque and stands for all beyond."""
COMPONENTS, RESOLUTION = 6, 96
COLOR_FEATURES = 12
DENSITY_SHIFT = -2.0
"""Before the softplus: a new grid is nearly empty, also along the long way from a camera to the box."""


class OuterGrid(nn.Module):
    """Density and colour of everything outside the box; colours do not depend on the direction.

    Coordinates are the box's: its sides are -1 and 1. What lies outside is drawn together by
    x ↦ (2 − 1/‖x‖) x/‖x‖ with the largest coordinate as the norm, so that all space fits into a cube of twice
    the box's side.
    """

    def __init__(self) -> None:
        super().__init__()
        self.grid = VectorMatrixGrid(COMPONENTS, RESOLUTION, scale=0.1)
        self.colors = nn.Linear(self.grid.output_size, 3 + COLOR_FEATURES)
        self.shade = nn.Sequential(nn.ReLU(), nn.Linear(3 + COLOR_FEATURES, 3))
        nn.init.zeros_(self.colors.bias)
        self.density = nn.Linear(self.grid.output_size, 1)
        nn.init.constant_(self.density.bias, DENSITY_SHIFT)

    def forward(self, coordinates: Float[Tensor, "m 3"]) -> tuple[Float[Tensor, " m"], Float[Tensor, "m 3"]]:
        """Density per half side of the box, and colour, at points in the box's coordinates."""
        largest = coordinates.abs().amax(dim=1, keepdim=True).clamp(min=1.0)
        contracted = coordinates / largest * (2 - 1 / largest) / 2
        values = self.grid(contracted)
        density = torch.nn.functional.softplus(self.density(values)[:, 0] + DENSITY_SHIFT)
        return 4 * density, torch.sigmoid(self.shade(self.colors(values)))

    def before_and_behind(
        self,
        rays: Rays,
        near_m: Float[Tensor, " r"],
        far_m: Float[Tensor, " r"],
        *,
        centre_m: Float[Tensor, " 3"],
        half_size_m: Float[Tensor, " 3"],
        jitter: torch.Generator | None = None,
    ) -> tuple[Float[Tensor, "r 4"], Float[Tensor, "r 3"]]:
        """What rays meet before and behind the box.

        Args:
            near_m, far_m: where they enter and leave the box (equal where they miss it).
            jitter: draws samples' places within their steps.

        Returns:
            (R, 4) premultiplied colour and alpha of what lies before the box, (R, 3) colour behind it.
        """
        unit_m = half_size_m.mean()
        before = self._places(len(rays), BEFORE_SAMPLES, rays, jitter)
        start = 0.25 * near_m
        before_m = start[:, None] + (near_m - start)[:, None] * before
        step_before = ((near_m - start) / BEFORE_SAMPLES / unit_m)[:, None].expand_as(before_m)
        part = self._places(len(rays), BEHIND_SAMPLES, rays, jitter) * 0.97
        behind_m = far_m[:, None] + unit_m * 1.5 * part / (1 - part)
        step_behind = (1.5 * 0.97 / BEHIND_SAMPLES) / (1 - part) ** 2
        distance_m = torch.cat([before_m, behind_m], dim=1)
        coordinates = (rays.at(distance_m) - centre_m) / half_size_m
        density, color = self(coordinates.reshape(-1, 3))
        density, color = density.view_as(distance_m), color.view(*distance_m.shape, 3)
        first, second = density[:, :BEFORE_SAMPLES], density[:, BEFORE_SAMPLES:]
        weight = _weights(first * step_before)
        seen = (weight[..., None] * color[:, :BEFORE_SAMPLES]).sum(dim=1)
        before_rgba = torch.cat([seen, weight.sum(dim=1, keepdim=True)], dim=1)
        optical = second * step_behind
        optical = torch.cat([optical[:, :-1], torch.full_like(optical[:, -1:], 50.0)], dim=1)
        return before_rgba, (_weights(optical)[..., None] * color[:, BEFORE_SAMPLES:]).sum(dim=1)

    @staticmethod
    def _places(count: int, samples: int, rays: Rays, jitter: torch.Generator | None) -> Tensor:
        """(R, samples) places in [0, 1], one in each equal part."""
        device = rays.directions.device
        steps = torch.arange(samples, device=device).expand(count, samples)
        inside = 0.5 if jitter is None else torch.rand(count, samples, generator=jitter, device=device)
        return (steps + inside) / samples


def _weights(optical: Float[Tensor, "r s"]) -> Float[Tensor, "r s"]:
    """What each sample adds to its ray."""
    before = optical.cumsum(dim=1) - optical
    return torch.exp(-before) * -torch.expm1(-optical)
