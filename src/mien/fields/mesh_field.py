"""A mesh as a field."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from mien.fields.grid_field import GridField
from mien.geometry import voxel_masks
from mien.geometry.triangle_lattice import triangle_lattice


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
