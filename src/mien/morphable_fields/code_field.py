"""The field of models (a), (b) and (c)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from mien.fields.grids.occupancy import Occupancy
from mien.fields.protocol import FieldBase
from mien.fields.ray_context import RayContext
from mien.fields.rendering.rays import Rays
from mien.fields.viewpoint import Viewpoint
from mien.heads.library import load_head
from mien.learning.devices import bfloat16
from mien.morphable_fields.band import SurfaceBand
from mien.morphable_fields.code_networks import SteeringCodes
from mien.morphable_fields.code_rays import DENSITY_UNIT_PER_M
from mien.morphable_fields.face import MorphableFace
from mien.morphable_fields.head_surface import HeadSurface
from mien.morphable_fields.models import CodeModel, basic_expression_weights, normalised
from mien.morphable_fields.surface_field import VIEWPOINT
from mien.morphable_fields.texture_sampling import as_texture

STEP_M = 0.0015
REACH_M = 0.003
"""Of the band about the mesh: training saw little of what lies farther beside a silhouette."""
_CHUNK = 1 << 15


@dataclass(eq=False)
class CodeField(FieldBase):
    """A face as a radiance field by the fine network, in a band about the mesh that its landmarks mean.

    Attributes:
        model, face: what made it.
    """

    model: CodeModel
    face: MorphableFace
    _band: SurfaceBand = field(init=False, repr=False)
    _codes: SteeringCodes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        surface = HeadSurface(load_head(), self.face.vertices_m, device=self.model.device)
        self._band = SurfaceBand(surface, reach_m=REACH_M)
        self.occupancy: Occupancy | None = self._band.occupancy
        device = self.model.device
        mixture = np.eye(len(self.model.basic))[0]
        if self.model.modulation is not None:
            mixture = basic_expression_weights(self.face.expression, self.model.basic.cpu().numpy())
        with torch.no_grad():
            self._codes = self.model.codes(
                as_texture(self.face.texture, device),
                torch.from_numpy(self.face.landmarks_m)[None].float().to(device),
                torch.from_numpy(self.face.identity)[None].float().to(device),
                torch.from_numpy(mixture)[None].float().to(device),
            )

    @property
    def bounds_m(self) -> Float[np.ndarray, "2 3"]:  # type: ignore[override]
        return self._band.bounds_m

    @property
    def device(self) -> torch.device:
        return self.model.device

    @property
    def viewpoint(self) -> Viewpoint:
        return VIEWPOINT

    @property
    def voxel_m(self) -> float:
        return 2 * STEP_M

    @property
    def step_m(self) -> float:
        return STEP_M

    def near_and_far(
        self, rays: Rays, context: RayContext | None = None
    ) -> tuple[Float[Tensor, " r"], Float[Tensor, " r"]]:
        return self._band.near_and_far(rays)

    @torch.no_grad()
    def density_and_color(
        self,
        points_m: Float[Tensor, "m 3"],
        directions: Float[Tensor, "m 3"],
        context: RayContext | None = None,
    ) -> tuple[Float[Tensor, " m"], Float[Tensor, "m 3"]]:
        densities, colors = [points_m.new_zeros(0)], [points_m.new_zeros(0, 3)]
        low, high = torch.from_numpy(self.bounds_m).to(points_m)
        for points, along in zip(points_m.split(_CHUNK), directions.split(_CHUNK), strict=True):
            with bfloat16(self.device, enabled=True):
                raw, color = self.model.fine(normalised(points)[:, None], along, self._codes)
            density = DENSITY_UNIT_PER_M * functional.softplus(raw[:, 0].float() - 1)
            inside = ((points >= low) & (points <= high)).all(dim=1)
            inside &= self._band.occupancy.at(2 * (points - low) / (high - low) - 1)
            densities.append(torch.where(inside, density, torch.zeros_like(density)))
            colors.append(torch.sigmoid(color[:, 0].float()))
        return torch.cat(densities), torch.cat(colors)

    def raw_density_and_color(
        self,
        coordinates: Float[Tensor, "m 3"],
        directions: Float[Tensor, "m 3"],
        context: RayContext | None = None,
    ) -> tuple[Float[Tensor, " m"], Float[Tensor, "m 3"]]:
        return self.density_and_color(self._in_world(coordinates), directions, context)
