"""A grid of colour and opacity as a field."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from mien.errors import ShapeError
from mien.fields.protocol import FieldBase
from mien.fields.ray_context import RayContext


@dataclass(eq=False)
class GridField(FieldBase):
    """A grid of colour and opacity as a field; axes are x, y, z. It knows no context.

    Attributes:
        rgba: (X, Y, Z, 4) in [0, 1]; colours are not multiplied by alpha, alpha is that of crossing a voxel.
        bounds_m: corners of the grid; voxel centres lie half a voxel inside.

    Raises:
        ShapeError: it is not such a grid.
    """

    rgba: Float[np.ndarray, "x y z c"]
    bounds_m: Float[np.ndarray, "2 3"]
    _planes: Tensor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.rgba.ndim != 4 or self.rgba.shape[3] != 4:
            raise ShapeError("a grid field", expected="(X, Y, Z, 4)", actual=self.rgba.shape)
        rgba = np.clip(np.asarray(self.rgba, np.float32), 0, 1)
        premultiplied = np.concatenate([rgba[..., :3] * rgba[..., 3:], rgba[..., 3:]], axis=3)
        self._planes = torch.from_numpy(np.ascontiguousarray(np.moveaxis(premultiplied, 3, 0)))[None]

    @property
    def voxel_m(self) -> float:
        """Side of a voxel (mean over the axes)."""
        return float(np.mean((self.bounds_m[1] - self.bounds_m[0]) / self.rgba.shape[:3]))

    def density(
        self, points_m: Float[Tensor, "m 3"], context: RayContext | None = None
    ) -> Float[Tensor, " m"]:
        """Density per metre; 0 outside the box."""
        alpha, inside = self._sampled(points_m, slice(3, 4))
        return self._density(alpha[0]) * inside

    def density_and_color(
        self,
        points_m: Float[Tensor, "m 3"],
        directions: Float[Tensor, "m 3"],
        context: RayContext | None = None,
    ) -> tuple[Float[Tensor, " m"], Float[Tensor, "m 3"]]:
        """As `Field`; the colour does not depend on the direction."""
        values, inside = self._sampled(points_m, slice(None))
        color = (values[:3] / values[3].clamp(min=1e-4)).T.clamp(0, 1)
        return self._density(values[3]) * inside, color

    def _sampled(self, points_m: Tensor, channels: slice) -> tuple[Tensor, Tensor]:
        """Interpolated (C, M) channels of the premultiplied grid, and whether points lie in the box."""
        low = torch.as_tensor(self.bounds_m[0], dtype=points_m.dtype)
        high = torch.as_tensor(self.bounds_m[1], dtype=points_m.dtype)
        normalised = (2 * (points_m - low) / (high - low) - 1).float()
        where = normalised.flip(-1)[None, None, None]
        values = functional.grid_sample(self._planes[:, channels], where, align_corners=False)[0, :, 0, 0]
        return values, normalised.abs().amax(dim=1) <= 1

    def _density(self, alpha: Tensor) -> Tensor:
        return -torch.log1p(-alpha.clamp(0, 0.9999)) / self.voxel_m
