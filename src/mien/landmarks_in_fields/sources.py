"""What landmarks are found in: anything with a box, density and colour; grids and meshes are made to be
that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from mien.errors import ShapeError
from mien.geometry import voxel_masks
from mien.geometry.triangle_lattice import triangle_lattice


@runtime_checkable
class VolumeSource(Protocol):
    """A field: `mien.fields.RadianceField` is one."""

    @property
    def bounds_m(self) -> Float[np.ndarray, "2 3"]:
        """Lower and upper corner of what may hold something."""
        ...

    def density_and_color(self, points_m: Tensor, directions: Tensor) -> tuple[Tensor, Tensor]:
        """Density (M,) per unit of length and colour (M, 3) in [0, 1] at points seen along directions."""
        ...


@dataclass(eq=False)
class GridField:
    """A grid of colour and opacity as a field; axes are x, y, z.

    Attributes:
        rgba: (X, Y, Z, 4) in [0, 1]; colours are not multiplied by alpha, alpha is that of crossing a voxel.
        bounds_m: corners of the grid; voxel centres lie half a voxel inside.

    Raises:
        ShapeError: it is no such grid.
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

    def density_and_color(self, points_m: Tensor, directions: Tensor) -> tuple[Tensor, Tensor]:
        """As `VolumeSource`; the colour does not depend on the direction."""
        low = torch.as_tensor(self.bounds_m[0], dtype=points_m.dtype)
        high = torch.as_tensor(self.bounds_m[1], dtype=points_m.dtype)
        normalised = (2 * (points_m - low) / (high - low) - 1).float()
        where = normalised.flip(-1)[None, None, None]
        values = functional.grid_sample(self._planes, where, align_corners=False)[0, :, 0, 0]
        alpha = values[3].clamp(0, 0.9999)
        return -torch.log1p(-alpha) / self.voxel_m, (values[:3] / values[3].clamp(min=1e-4)).T.clamp(0, 1)


def mesh_field(
    vertices_m: Float[np.ndarray, "vertices 3"],
    triangles: np.ndarray,
    colors: Float[np.ndarray, "vertices 3"],
    *,
    voxels: int = 112,
) -> GridField:
    """A mesh with coloured vertices as a solid field, coloured inside as the nearest surface is.

    It need not be closed: fans close its borders (an open neck).

    Args:
        triangles: (T, 3) vertex indices; colours: in [0, 1]; voxels: along the longest side.
    """
    vertices_m, triangles, colors = _with_closed_borders(vertices_m, triangles, colors)
    extent = vertices_m.max(axis=0) - vertices_m.min(axis=0)
    voxel_m = float(extent.max()) / (voxels - 6)
    low_m = vertices_m.min(axis=0) - 3 * voxel_m
    shape = np.ceil((extent + 6 * voxel_m) / voxel_m).astype(int)
    corner, weights = triangle_lattice(vertices_m[triangles], 0.45 * voxel_m)
    points_m = np.einsum("pk,pkc->pc", weights, vertices_m[triangles[corner]])
    shades = np.einsum("pk,pkc->pc", weights, colors[triangles[corner]])
    index = ((points_m - low_m) / voxel_m).astype(np.int64)
    cell = (index[:, 0] * shape[1] + index[:, 1]) * shape[2] + index[:, 2]
    total = int(np.prod(shape))
    count = np.bincount(cell, minlength=total)
    rgba = np.zeros((total, 4), np.float32)
    for channel in range(3):
        summed = np.bincount(cell, weights=shades[:, channel], minlength=total)
        rgba[:, channel] = summed / np.maximum(count, 1)
    shell = (count > 0).reshape(shape)
    solid = voxel_masks.without_holes(voxel_masks.closed(shell, 1))
    rgba = rgba[voxel_masks.nearest_in(shell)]
    rgba[..., 3] = 0.9999 * solid
    return GridField(rgba, np.stack([low_m, low_m + shape * voxel_m]))


def _with_closed_borders(
    vertices_m: np.ndarray, triangles: np.ndarray, colors: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mesh with a fan from every border to the border's middle."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    edges = np.sort(
        np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1
    )
    unique, uses = np.unique(edges, axis=0, return_counts=True)
    border = unique[uses == 1]
    if len(border) == 0:
        return vertices_m, triangles, colors
    count = len(vertices_m)
    links = coo_matrix((np.ones(len(border)), tuple(border.T)), shape=(count, count))
    _, part = connected_components(links, directed=False)
    parts, which = np.unique(part[border[:, 0]], return_inverse=True)
    rings = [np.unique(border[which == k]) for k in range(len(parts))]
    fans = np.concatenate([border, count + which[:, None]], axis=1)
    return (
        np.concatenate([vertices_m, [vertices_m[ring].mean(axis=0) for ring in rings]]),
        np.concatenate([triangles, fans]),
        np.concatenate([colors, [colors[ring].mean(axis=0) for ring in rings]]),
    )
