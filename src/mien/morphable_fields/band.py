"""The band about a head's surface in which a field may hold anything."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from mien.fields.grids.occupancy import Occupancy
from mien.fields.rendering.rays import Rays, cross_box
from mien.morphable_fields.head_surface import HeadSurface

CELLS = 96
"""Of the box, per axis."""
COARSE = 4
"""Cells of the coarse grid that rays look at first are so many times larger."""


class SurfaceBand:
    """Cells within some millimetres of a surface.

    Args:
        reach_m: how far the band reaches to both sides.

    Attributes:
        bounds_m: (2, 3) corners of the box; occupancy: its cells.
    """

    def __init__(self, surface: HeadSurface, *, reach_m: float) -> None:
        self.bounds_m: Float[np.ndarray, "2 3"] = surface.bounds_m
        low, high = torch.from_numpy(self.bounds_m).float().to(surface.device)
        coordinates = 2 * (surface.points_m - low) / (high - low) - 1
        empty = torch.zeros(CELLS, CELLS, CELLS, dtype=torch.bool, device=surface.device)
        cells = Occupancy(empty)
        empty.view(-1)[cells.flat_index(coordinates)] = True
        grow = int(np.ceil(reach_m / float((high - low).min() / CELLS)))
        self.occupancy = Occupancy(empty).grown(grow)
        coarse = functional.max_pool3d(self.occupancy.cells[None, None].float(), COARSE)[0, 0] > 0
        self._coarse = Occupancy(coarse)
        self._box = torch.stack([low, high])

    def near_and_far(self, rays: Rays) -> tuple[Float[Tensor, " r"], Float[Tensor, " r"]]:
        """Distances at which rays enter and leave the band's coarse cells; equal where they miss it."""
        near_m, far_m = cross_box(rays, self._box)
        half = (self._box[1] - self._box[0]) / 2
        step_m = float(2 * half.min()) / self._coarse.size / 2
        hit = (far_m > near_m).nonzero()[:, 0]
        count = int(np.ceil(float((far_m - near_m).max().clamp(min=0)) / step_m)) if len(hit) else 0
        if not count:
            return near_m, near_m
        along = (torch.arange(count, device=near_m.device) + 0.5) * step_m
        distances_m = near_m[hit, None] + along
        some = rays[hit]
        points_m = some.origins_m[:, None] + distances_m[..., None] * some.directions[:, None]
        inside = self._coarse.at((points_m - self._box.mean(dim=0)) / half)
        first = torch.where(inside, distances_m, torch.inf).amin(dim=1)
        last = torch.where(inside, distances_m, -torch.inf).amax(dim=1)
        missed = torch.isinf(first)
        start, end = near_m.clone(), near_m.clone()
        start[hit] = torch.where(missed, near_m[hit], first - step_m)
        end[hit] = torch.where(missed, near_m[hit], torch.minimum(last + step_m, far_m[hit]))
        return start, torch.maximum(start, end)
