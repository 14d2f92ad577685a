"""What a field is: density and colour in a box, asked point by point under a context."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mien.fields.grids.occupancy import Occupancy
from mien.fields.ray_context import RayContext
from mien.fields.rendering.rays import Rays, cross_box
from mien.fields.viewpoint import Viewpoint


@runtime_checkable
class Field(Protocol):
    """What can be rendered, meshed, scored against pictures and searched for a head.

    `RadianceField` is one. Derive from `FieldBase` to bring another: it leaves `bounds_m` and
    `density_and_color` to write.

    Points are world coordinates, float32, on the field's `device`. A context has a row for each point (or
    ray), or one row for all (`RayContext`); a field that knows no context ignores it, one that needs it says
    what None means. Lengths are metres, or any other unit if densities are per that unit; what mien makes of
    the field is in its unit then.
    """

    @property
    def bounds_m(self) -> Float[np.ndarray, "2 3"]:
        """Lower and upper corner of the box, world; outside of it density is 0."""
        ...

    @property
    def device(self) -> torch.device:
        """Where points have to be."""
        ...

    @property
    def viewpoint(self) -> Viewpoint:
        """From where it is looked at when nothing else is said."""
        ...

    @property
    def voxel_m(self) -> float:
        """Size of the smallest details: normals are slopes over it."""
        ...

    @property
    def step_m(self) -> float:
        """Length of ray that a sample stands for in pictures."""
        ...

    @property
    def occupancy(self) -> Occupancy | None:
        """Cells of the box that may hold something under some context; None: all of them."""
        ...

    def near_and_far(
        self, rays: Rays, context: RayContext | None = None
    ) -> tuple[Float[Tensor, " r"], Float[Tensor, " r"]]:
        """Distances between which each ray may meet something; the second is not larger where it cannot."""
        ...

    def density(
        self, points_m: Float[Tensor, "m 3"], context: RayContext | None = None
    ) -> Float[Tensor, " m"]:
        """Density per metre; 0 outside the box."""
        ...

    def density_and_color(
        self,
        points_m: Float[Tensor, "m 3"],
        directions: Float[Tensor, "m 3"],
        context: RayContext | None = None,
    ) -> tuple[Float[Tensor, " m"], Float[Tensor, "m 3"]]:
        """Density per metre and colour in [0, 1] at points seen along unit directions (viewer to point)."""
        ...

    def behind(
        self, directions: Float[Tensor, "r 3"], context: RayContext | None = None
    ) -> Float[Tensor, "r 3"] | None:
        """Colour in [0, 1] behind the field along unit directions; None: nothing, it is a cut-out."""
        ...

    def raw_density(
        self, coordinates: Float[Tensor, "m 3"], context: RayContext | None = None
    ) -> Float[Tensor, " m"]:
        """Density per metre at coordinates in which the box's sides are -1 and 1.

        Pictures are made of this: a field that thinks in such coordinates answers at once. They ask inside
        the box and, where there is an occupancy, in occupied cells alone, for normals a voxel around these.
        """
        ...

    def raw_color(
        self,
        coordinates: Float[Tensor, "m 3"],
        directions: Float[Tensor, "m 3"],
        context: RayContext | None = None,
    ) -> Float[Tensor, "m 3"]:
        """Colour at such coordinates; asked only where something is seen."""
        ...


@runtime_checkable
class DensityWithColor(Protocol):
    """A field that knows density and colour together, for the price of either: pictures ask it once.

    So its density may depend on the direction from which it is seen.
    """

    def raw_density_and_color(
        self,
        coordinates: Float[Tensor, "m 3"],
        directions: Float[Tensor, "m 3"],
        context: RayContext | None = None,
    ) -> tuple[Float[Tensor, " m"], Float[Tensor, "m 3"]]:
        """See `Field.raw_density` and `Field.raw_color`."""
        ...


def box_of(field: Field) -> Float[Tensor, "2 3"]:
    """`Field.bounds_m` as a float32 tensor on the field's device."""
    return torch.as_tensor(np.asarray(field.bounds_m), dtype=torch.float32, device=field.device)


class FieldBase(ABC):
    """A `Field` but for `bounds_m` and `density_and_color`; everything else has a default.

    The defaults: on the CPU, seen from +z with +y up, details of a 128th of the box's longest side, nothing
    behind it, every cell may be occupied, rays are followed through the whole box, density alone costs as
    much as density with colour.
    """

    bounds_m: Float[np.ndarray, "2 3"]
    """(2, 3) lower and upper corner of the box, world: an attribute or a property."""
    occupancy: Occupancy | None = None
    """Cells of the box that may hold something under some context; None: all of them."""

    @abstractmethod
    def density_and_color(
        self,
        points_m: Float[Tensor, "m 3"],
        directions: Float[Tensor, "m 3"],
        context: RayContext | None = None,
    ) -> tuple[Float[Tensor, " m"], Float[Tensor, "m 3"]]:
        """Density per metre, 0 outside the box, and colour in [0, 1] at points seen along directions.

        Args:
            points_m: world; directions: unit, from the viewer to the points.
            context: a row for each point, or one for all.
        """

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    @property
    def viewpoint(self) -> Viewpoint:
        return Viewpoint.around(np.asarray(self.bounds_m, float))

    @property
    def voxel_m(self) -> float:
        return float((self.bounds_m[1] - self.bounds_m[0]).max()) / 128

    @property
    def step_m(self) -> float:
        return self.voxel_m / 2

    def near_and_far(
        self, rays: Rays, context: RayContext | None = None
    ) -> tuple[Float[Tensor, " r"], Float[Tensor, " r"]]:
        return cross_box(rays, box_of(self))

    def density(
        self, points_m: Float[Tensor, "m 3"], context: RayContext | None = None
    ) -> Float[Tensor, " m"]:
        along = points_m.new_tensor([0.0, 0.0, -1.0]).expand(len(points_m), 3)
        return self.density_and_color(points_m, along, context)[0]

    def behind(
        self, directions: Float[Tensor, "r 3"], context: RayContext | None = None
    ) -> Float[Tensor, "r 3"] | None:
        return None

    def raw_density(
        self, coordinates: Float[Tensor, "m 3"], context: RayContext | None = None
    ) -> Float[Tensor, " m"]:
        return self.density(self._in_world(coordinates), context)

    def raw_color(
        self,
        coordinates: Float[Tensor, "m 3"],
        directions: Float[Tensor, "m 3"],
        context: RayContext | None = None,
    ) -> Float[Tensor, "m 3"]:
        return self.density_and_color(self._in_world(coordinates), directions, context)[1]

    def _in_world(self, coordinates: Float[Tensor, "m 3"]) -> Float[Tensor, "m 3"]:
        lower, upper = box_of(self)
        return torch.addcmul((lower + upper) / 2, coordinates, (upper - lower) / 2)
