"""Volumes of things that are no heads, as a trained field of them would be after cleaning."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch.nn import functional

from mien.field_landmarks import voxel_masks
from mien.field_landmarks.canonical import CleaningConfig
from mien.training.field_landmarks.box_sampling import LoadedVolume, solid_extent
from mien.training.field_landmarks.head_volume import VOXEL_M, HeadVolume
from mien.training.field_landmarks.solids import Solid, random_solid

MADE = 600
"""Objects that are kept for use again."""
ANOTHER = 0.4
"""Share of the draws that make a new one, until there are enough."""
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
    halves = torch.from_numpy(distance_m.astype(np.float32))[None, None]
    shape = tuple(int(2 * count) for count in half_shape)
    distance_m = functional.interpolate(halves, size=shape, mode="trilinear")[0, 0].numpy().ravel()
    points_m = _centres_m(low_m, np.array(shape), VOXEL_M)
    occupancy = np.clip(0.5 - distance_m / VOXEL_M, 0, 1)
    _, radius_m = solid_extent(occupancy, points_m)
    if not radius_m > SMALLEST_M:
        return None
    rgba = np.zeros((len(points_m), 4), np.float32)
    seen = (occupancy > 0) & (distance_m > -2 * CleaningConfig().skin * radius_m)
    rgba[seen, :3] = solid.colours(points_m[seen]) * occupancy[seen, None]
    rgba[:, 3] = occupancy
    return HeadVolume(
        np.rint(255 * rgba).astype(np.uint8).reshape(*shape, 4), low_m, VOXEL_M, usual_m, np.zeros(0)
    )


def _centres_m(low_m: np.ndarray, shape: np.ndarray, voxel_m: float) -> Float[np.ndarray, "points 3"]:
    steps = [low_m[a] + (np.arange(shape[a]) + 0.5) * voxel_m for a in range(3)]
    return np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 3)


class Objects:
    """Random solids, made when they are asked for.

    Args:
        usual_m: (68, 3) see `solid_volume`.
    """

    def __init__(self, usual_m: Float[np.ndarray, "68 3"]) -> None:
        self._usual_m = usual_m
        self._made: list[LoadedVolume] = []

    def random(self, rng: np.random.Generator) -> LoadedVolume:
        """One of those there are, or a new one."""
        if not self._made or (len(self._made) < MADE and rng.random() < ANOTHER):
            self._made.append(self._new(rng))
        return self._made[rng.integers(len(self._made))]

    def _new(self, rng: np.random.Generator) -> LoadedVolume:
        while True:
            volume = solid_volume(random_solid(rng), self._usual_m)
            if volume is not None:
                return LoadedVolume.of(volume)
