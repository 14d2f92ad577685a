"""A solid as a volume, as a trained field of it would be after cleaning."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32

from mien.geometry import voxel_masks
from mien.landmarks_in_fields.canonical import CleaningConfig
from mien.synthetic.negatives.solids import Solid
from mien.synthetic.volumes.head_volume import VOXEL_M, HeadVolume, solid_extent

SMALLEST_M = 0.025
"""Root mean square radius."""
MARGIN_M = 0.01
"""Empty around an object."""


def solid_volume(solid: Solid, usual_m: Float[np.ndarray, "68 3"]) -> HeadVolume | None:
    """A solid's largest connected part on a grid, coloured as deep as pictures see; None where it is small.

    Args:
        usual_m: where a head's landmarks would be: boxes have to be cut somewhere.
    """
    low_m, high_m = solid.bounds_m(margin_m=MARGIN_M)
    half_shape = np.ceil((high_m - low_m) / (2 * VOXEL_M)).astype(int)
    distance_m = solid.distance_m(_centres_m(low_m, half_shape, 2 * VOXEL_M)).reshape(half_shape)
    regions = voxel_masks.regions(distance_m < 0, diagonal=True)
    sizes = np.bincount(regions.ravel())
    if len(sizes) < 2:
        return None
    sizes[0] = 0
    elsewhere = voxel_masks.distance_to_empty(regions != sizes.argmax()) > 1
    distance_m[elsewhere] = np.maximum(distance_m[elsewhere], VOXEL_M)
    # Distances change slowly: those between are interpolated
    distance_m = _doubled(distance_m.astype(np.float32))
    shape = distance_m.shape
    distance_m = distance_m.ravel()
    points_m = _centres_m(low_m, np.array(shape), VOXEL_M)
    occupancy = np.clip(0.5 - distance_m / VOXEL_M, 0, 1)
    _, radius_m = solid_extent(occupancy, points_m)
    if not radius_m > SMALLEST_M:
        return None
    rgba = np.zeros((len(points_m), 4), np.float32)
    seen = (occupancy > 0) & (distance_m > -2 * CleaningConfig().skin * radius_m)
    rgba[seen, :3] = solid.colors(points_m[seen]) * occupancy[seen, None]
    rgba[:, 3] = occupancy
    return HeadVolume(
        np.rint(255 * rgba).astype(np.uint8).reshape(*shape, 4), low_m, VOXEL_M, usual_m, np.zeros(0)
    )


def _centres_m(low_m: np.ndarray, shape: np.ndarray, voxel_m: float) -> Float[np.ndarray, "points 3"]:
    steps = [low_m[a] + (np.arange(shape[a]) + 0.5) * voxel_m for a in range(3)]
    return np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 3)


def _doubled(values: Float32[np.ndarray, "x y z"]) -> Float32[np.ndarray, "x2 y2 z2"]:
    """Twice as many cells along each axis, interpolated linearly between their centres."""
    for axis in range(3):
        line = np.moveaxis(values, axis, 0)
        padded = np.concatenate([line[:1], line, line[-1:]])
        between = np.empty((2 * len(line), *line.shape[1:]), line.dtype)
        between[0::2] = np.float32(0.25) * padded[:-2] + np.float32(0.75) * line
        between[1::2] = np.float32(0.75) * line + np.float32(0.25) * padded[2:]
        values = np.moveaxis(between, 0, axis)
    return np.ascontiguousarray(values)
