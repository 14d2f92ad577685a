"""Volumes of things that are no heads, as the search would cut them from a field."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float

from mien.field_landmarks.canonical import clean_field
from mien.field_landmarks.sources import GridField
from mien.training.field_landmarks.augmentation import not_a_head
from mien.training.field_landmarks.box_sampling import LoadedVolume
from mien.training.field_landmarks.head_volume import VOXEL_M, HeadVolume
from mien.training.field_landmarks.trained_volumes import sampled_grid

MADE = 150
"""Objects that are kept for use again."""
GRID = 64
BOUNDS_M = np.array([[-0.14, -0.16, -0.14], [0.14, 0.16, 0.16]])
ANOTHER = 0.3
"""Share of the draws that make a new one, until there are enough."""


class Objects:
    """Ellipsoids and bricks that stick together, cleaned as fields are; made when they are asked for.

    Args:
        usual_m: (68, 3) where a head's landmarks would be: a box has to be cut somewhere.
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
            generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
            rgba = not_a_head(1, GRID, generator)[0].permute(1, 2, 3, 0).numpy().copy()
            rgba[..., :3] /= np.maximum(rgba[..., 3:], 1e-3)
            clean = clean_field(GridField(np.clip(rgba, 0, 1), BOUNDS_M))
            if np.isfinite(clean.radius_m) and clean.radius_m > 10 * VOXEL_M:
                values, low_m = sampled_grid(clean)
                return LoadedVolume.of(HeadVolume(values, low_m, VOXEL_M, self._usual_m, np.zeros(0)))
