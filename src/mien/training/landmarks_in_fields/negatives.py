"""Random bodies that are no heads, as negatives of a training."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from mien.synthetic.negatives.solid_volume import solid_volume
from mien.synthetic.negatives.solids import random_solid
from mien.training.landmarks_in_fields.box_sampling import LoadedVolume

MADE = 600
"""Objects that are kept for use again."""
ANOTHER = 0.4
"""Share of the draws that make a new one, until there are enough."""


class RandomSolids:
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
