"""Fields that are formulas: what they hold is known exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mien.fields.protocol import FieldBase
from mien.fields.ray_context import RayContext
from mien.fields.rendering.rays import Rays
from tests.fields.scenes import RADII_M, paint


@dataclass(eq=False)
class EggField(FieldBase):
    """The painted egg of `scenes`, solid.

    Attributes:
        sky: colour behind it, RGB in [0, 1].
    """

    sky: tuple[float, float, float] | None = None

    @property
    def bounds_m(self) -> np.ndarray:
        return np.stack([-1.2 * RADII_M, 1.2 * RADII_M])

    @property
    def voxel_m(self) -> float:
        return 0.004

    def density_and_color(
        self, points_m: Tensor, directions: Tensor, context: RayContext | None = None
    ) -> tuple[Tensor, Tensor]:
        radius = (points_m / points_m.new_tensor(RADII_M)).norm(dim=1)
        # On the surface along the radius: paint is only known there
        color = paint(points_m.numpy() / radius.clamp(min=1e-6)[:, None].numpy())
        return 4000.0 * (radius < 1), points_m.new_tensor(color)

    def behind(self, directions: Tensor, context: RayContext | None = None) -> Tensor | None:
        return None if self.sky is None else directions.new_tensor(self.sky).expand(len(directions), 3)


class BalloonField(FieldBase):
    """A ball whose radius (R, 1) and colour (R, 3) the context says: "radius_m", "color"."""

    bounds_m = np.array([[-0.1, -0.1, -0.1], [0.1, 0.1, 0.1]])
    voxel_m = 0.003
    DENSITY = 3000.0

    def __init__(self) -> None:
        self.asked = 0

    def density_and_color(
        self, points_m: Tensor, directions: Tensor, context: RayContext | None = None
    ) -> tuple[Tensor, Tensor]:
        assert context is not None
        self.asked += len(points_m)
        depth_m = context["radius_m"][:, 0] - points_m.norm(dim=1)
        # A soft edge, so that the density has a gradient
        return self.DENSITY * (depth_m / 0.001).sigmoid() * (depth_m > -0.02), context["color"].expand_as(
            points_m
        )


class TightBalloonField(BalloonField):
    """The same that knows where rays can meet it."""

    def near_and_far(self, rays: Rays, context: RayContext | None = None) -> tuple[Tensor, Tensor]:
        assert context is not None
        middle_m = -(rays.origins_m * rays.directions).sum(dim=1)
        beside_m = (rays.origins_m + middle_m[:, None] * rays.directions).norm(dim=1)
        half_m = ((context["radius_m"][:, 0] + 0.02) ** 2 - beside_m**2).clamp(min=0).sqrt()
        return middle_m - half_m, middle_m + half_m


def balloon(radius_m: float, color: tuple[float, float, float]) -> RayContext:
    """A balloon's context for all rays."""
    return RayContext.constant(radius_m=torch.tensor([radius_m]), color=torch.tensor(color))
