"""Where the nearest part of a moving mesh goes, for points on a graphics card too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from mien.avatars.rig import PosedSurface

NEIGHBOURS = 3
_CLUSTERS = 512
_LOOKED_INTO = 10
"""Clusters whose vertices are looked at for each point."""
_NOWHERE_M = 1e3


@torch.no_grad()
def nearest_motion(
    surfaces: Sequence[PosedSurface], points_m: Float[Tensor, "m 3"], frame: Int[Tensor, " m"]
) -> tuple[Float[Tensor, "m 3"], Float[Tensor, " m"]]:
    """t_mesh of the nearest part of each point's surface, (M, 3), and its distance, (M,).

    On the CPU by a search tree; elsewhere by clusters, for points would have to come to the CPU and back.

    Args:
        surfaces: of one head; frame: which of them each point belongs to.
    """
    if points_m.device.type == "cpu":
        return _by_trees(surfaces, points_m.detach(), frame)
    return by_clusters(surfaces, points_m.detach(), frame)


def _by_trees(
    surfaces: Sequence[PosedSurface], points_m: Tensor, frame: Tensor
) -> tuple[Float[Tensor, "m 3"], Float[Tensor, " m"]]:
    if len(surfaces) == 1:
        found = surfaces[0].motion_m(points_m.numpy(), neighbours=NEIGHBOURS)
        return torch.from_numpy(found[0]), torch.from_numpy(found[1])
    motion, distance = torch.zeros_like(points_m), points_m.new_zeros(len(points_m))
    for row, surface in enumerate(surfaces):
        mine = (frame == row).nonzero()[:, 0]
        if len(mine):
            found = surface.motion_m(points_m[mine].numpy(), neighbours=NEIGHBOURS)
            motion[mine], distance[mine] = torch.from_numpy(found[0]), torch.from_numpy(found[1])
    return motion, distance


@torch.no_grad()
def by_clusters(
    surfaces: Sequence[PosedSurface], points_m: Float[Tensor, "m 3"], frame: Int[Tensor, " m"]
) -> tuple[Float[Tensor, "m 3"], Float[Tensor, " m"]]:
    """As `nearest_motion`, of all surfaces in one go: the nearest vertices are looked for in the clusters
    near a point alone, and missed for a point in a hundred."""
    each = [_Clusters.of(surface, points_m.device) for surface in surfaces]
    near = points_m.new_empty(len(points_m), _LOOKED_INTO, dtype=torch.long)
    for row, own in enumerate(each):
        mine = (frame == row).nonzero()[:, 0]
        # Half the radius off: between a cluster's middle and the nearest that it might hold
        bound = torch.cdist(points_m[mine], own.middles_m) - own.radii_m / 2
        near[mine] = bound.topk(_LOOKED_INTO, dim=1, largest=False, sorted=False).indices
    vertices_m = torch.stack([own.vertices_m for own in each])
    motions_m = torch.stack([own.to_canonical_m for own in each])
    size = vertices_m.shape[2]
    rows = near + vertices_m.shape[1] * frame[:, None]
    candidates = vertices_m.flatten(0, 1).index_select(0, rows.flatten())
    candidates = candidates.view(len(points_m), _LOOKED_INTO * size, 3)
    squared = (candidates - points_m[:, None]).square_().sum(dim=2)
    best, place = squared.topk(NEIGHBOURS, dim=1, largest=False)
    index = rows.gather(1, place // size) * size + place % size
    weight = 1 / (best + 1e-7)
    weight = weight / weight.sum(dim=1, keepdim=True)
    return (weight[..., None] * motions_m.flatten(0, 2)[index]).sum(dim=1), best[:, 0].sqrt()


@dataclass(frozen=True, eq=False)
class _Clusters:
    """A surface's vertices in clusters of equal size.

    Attributes:
        middles_m: (K, 3); radii_m: (K,) distance of the vertex furthest from it.
        vertices_m, to_canonical_m: (K, S, 3).
    """

    middles_m: Tensor
    radii_m: Tensor
    vertices_m: Tensor
    to_canonical_m: Tensor

    @staticmethod
    def of(surface: PosedSurface, device: torch.device) -> _Clusters:
        """They are made once for a surface and stay on the device."""
        kept = surface.copies
        if str(device) not in kept:
            index = clustered(surface.vertices_m + surface.to_canonical_m, _CLUSTERS)
            there = (index >= 0)[..., None]
            count = there.sum(axis=1)
            vertices = np.where(there, surface.vertices_m[index], 0)
            middles = np.where(count, vertices.sum(axis=1) / np.maximum(count, 1), _NOWHERE_M)
            apart = np.where(there, vertices - middles[:, None], 0)
            arrays = (
                middles,
                np.linalg.norm(apart, axis=2).max(axis=1),
                np.where(there, vertices, _NOWHERE_M),
                surface.to_canonical_m[index],
            )
            kept[str(device)] = _Clusters(*(torch.from_numpy(one).float().to(device) for one in arrays))
        return kept[str(device)]


def clustered(points_m: Float[np.ndarray, "n 3"], count: int) -> Int[np.ndarray, "count size"]:
    """Numbers of points in so many clusters, a power of two, by halving along the longest side; -1 where one
    holds fewer than the others."""
    size = -(-len(points_m) // count)
    parts = np.full((1, count * size), -1)
    parts[0, : len(points_m)] = np.arange(len(points_m))
    while len(parts) < count:
        missing = (parts < 0)[..., None]
        highest = np.where(missing, -np.inf, points_m[parts]).max(axis=1)
        longest = (highest - np.where(missing, np.inf, points_m[parts]).min(axis=1)).argmax(axis=1)
        along = np.where(missing[..., 0], np.inf, points_m[parts, longest[:, None]])
        ordered = np.take_along_axis(parts, along.argsort(axis=1, kind="stable"), axis=1)
        parts = ordered.reshape(2 * len(parts), -1)
    return parts
