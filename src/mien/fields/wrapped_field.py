"""Fields made of another field."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mien.errors import ShapeError
from mien.fields.grids.occupancy import Occupancy
from mien.fields.protocol import Field, FieldBase
from mien.fields.ray_context import RayContext
from mien.fields.rendering.rays import Rays
from mien.fields.viewpoint import Viewpoint


@dataclass(frozen=True, eq=False)
class WrappedField(FieldBase):
    """Stands where another field stands: same box, same views, same background. Density and colour are left
    to write.

    Attributes:
        inner: the other field.
    """

    inner: Field

    @property
    def bounds_m(self) -> Float[np.ndarray, "2 3"]:
        return self.inner.bounds_m

    @property
    def device(self) -> torch.device:
        return self.inner.device

    @property
    def viewpoint(self) -> Viewpoint:
        return self.inner.viewpoint

    @property
    def voxel_m(self) -> float:
        return self.inner.voxel_m

    @property
    def step_m(self) -> float:
        return self.inner.step_m

    @property
    def occupancy(self) -> Occupancy | None:
        return self.inner.occupancy

    def near_and_far(
        self, rays: Rays, context: RayContext | None = None
    ) -> tuple[Float[Tensor, " r"], Float[Tensor, " r"]]:
        return self.inner.near_and_far(rays, context)

    def behind(
        self, directions: Float[Tensor, "r 3"], context: RayContext | None = None
    ) -> Float[Tensor, "r 3"] | None:
        return self.inner.behind(directions, context)


@dataclass(frozen=True, eq=False)
class FieldInContext(WrappedField):
    """A field under one context: what a mesh, a grid or landmarks are made of, which know no rays.

        mien.field_landmarks(FieldInContext(avatar, RayContext.constant(expression=smile)))

    A context that it is asked with is ignored, as by every field that needs none.

    Attributes:
        context: one row, for all points.

    Raises:
        ShapeError: the context has another number of rows.
    """

    context: RayContext

    def __post_init__(self) -> None:
        if len(self.context) != 1:
            raise ShapeError("a context for all points", expected="(1, …)", actual=(len(self.context),))
        object.__setattr__(self, "context", self.context.to(self.inner.device))

    def near_and_far(
        self, rays: Rays, context: RayContext | None = None
    ) -> tuple[Float[Tensor, " r"], Float[Tensor, " r"]]:
        return self.inner.near_and_far(rays, self.context)

    def density(
        self, points_m: Float[Tensor, "m 3"], context: RayContext | None = None
    ) -> Float[Tensor, " m"]:
        return self.inner.density(points_m, self.context)

    def density_and_color(
        self,
        points_m: Float[Tensor, "m 3"],
        directions: Float[Tensor, "m 3"],
        context: RayContext | None = None,
    ) -> tuple[Float[Tensor, " m"], Float[Tensor, "m 3"]]:
        return self.inner.density_and_color(points_m, directions, self.context)

    def behind(
        self, directions: Float[Tensor, "r 3"], context: RayContext | None = None
    ) -> Float[Tensor, "r 3"] | None:
        return self.inner.behind(directions, self.context)

    def raw_density(
        self, coordinates: Float[Tensor, "m 3"], context: RayContext | None = None
    ) -> Float[Tensor, " m"]:
        return self.inner.raw_density(coordinates, self.context)

    def raw_color(
        self,
        coordinates: Float[Tensor, "m 3"],
        directions: Float[Tensor, "m 3"],
        context: RayContext | None = None,
    ) -> Float[Tensor, "m 3"]:
        return self.inner.raw_color(coordinates, directions, self.context)
