"""The coarse network's look at all of a field: from 24 sides, then at the most likely heads again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import permutations, product
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mien.landmarks_in_fields.boxes import OUTER_EYE_CORNERS, WHOLE_OVER_RADIUS, Box
from mien.landmarks_in_fields.network import FieldLandmarkNetwork, NetworkOutput

CANDIDATES = 4
"""Of the 24 ways a cube can stand, so many are looked at again, turned as predicted."""
PASSES = 2
"""Further looks at each of these, each turned as the last one said."""
SAME_TURN_RAD = 0.35
"""Predictions less apart than this are one."""


@runtime_checkable
class Overview(Protocol):
    """Something solid that can be looked at as a whole: a `CleanField` is one."""

    @property
    def centre_m(self) -> Float[np.ndarray, " 3"]:
        """Centre of mass."""
        ...

    @property
    def radius_m(self) -> float:
        """Root mean square radius."""
        ...

    def overview(self, box: Box, size: int) -> Float[Tensor, "4 n n n"]:
        """A box as size³ voxels."""
        ...


@lru_cache(maxsize=1)
def cube_rotations() -> Float[np.ndarray, "24 3 3"]:
    """The rotations that take a cube onto itself."""
    out = []
    for order in permutations(range(3)):
        for signs in product((1.0, -1.0), repeat=3):
            matrix = np.zeros((3, 3))
            matrix[range(3), order] = signs
            if np.linalg.det(matrix) > 0:
                out.append(matrix)
    return np.stack(out)


def turned_volume(volume: Float[Tensor, "4 n n n"], rotation: np.ndarray) -> Float[Tensor, "4 n n n"]:
    """The volume as a box turned by a cube's rotation (field_from_box) sees it; exact."""
    order = np.abs(rotation).argmax(axis=1)
    flipped = [a + 1 for a in range(3) if rotation[a, order[a]] < 0]
    return volume.flip(flipped).permute(0, *(int(np.flatnonzero(order == a)[0]) + 1 for a in range(3)))


@dataclass(frozen=True)
class Guess:
    """One network's prediction in the field's frame; see `NetworkOutput`."""

    points_m: Float[np.ndarray, "68 3"]
    rotation: Float[np.ndarray, "3 3"]
    field_from_head: Float[np.ndarray, "3 4"]
    logit: float
    sigma_m: Float[np.ndarray, " 68"]

    @staticmethod
    def of(output: NetworkOutput, index: int, box: Box) -> Guess:
        logit = float(output.head_logit[index])
        return Guess(*output.in_field(index, box), logit, output.sigma_in_field(index, box))

    def moved_from(self, other: Guess) -> float:
        """Mean distance of two predictions' landmarks over the distance of the outer corners of the eyes."""
        right, left = self.points_m[list(OUTER_EYE_CORNERS)]
        distances = np.linalg.norm(self.points_m - other.points_m, axis=1)
        return float(distances.mean() / np.linalg.norm(left - right))

    def is_like(self, other: Guess) -> bool:
        """Whether both are the same head, seen about alike."""
        cosine = (np.trace(self.rotation.T @ other.rotation) - 1) / 2
        return bool(cosine > np.cos(SAME_TURN_RAD))


def coarse_guesses(
    network: FieldLandmarkNetwork,
    seen: Overview,
    *,
    upright: bool = False,
    candidates: int = CANDIDATES,
    passes: int = PASSES,
) -> list[Guess]:
    """Different heads that the coarse network sees, the most likely ones first.

    Args:
        upright: look for heads that stand upright in the field and face +z, give or take 60°, alone.
        candidates, passes: see `CANDIDATES`, `PASSES`.
    """
    size = network.config.size
    whole = Box(seen.centre_m, WHOLE_OVER_RADIUS * seen.radius_m, np.eye(3))
    volume = seen.overview(whole, size)
    turns = np.eye(3)[None] if upright else cube_rotations()
    output = network(torch.stack([turned_volume(volume, turn) for turn in turns])[:, None])
    found: list[Guess] = []
    for index in output.head_logit.argsort(descending=True)[:candidates].tolist():
        guess = Guess.of(output, index, replace(whole, field_from_box=turns[index]))
        if passes:
            guess = look_again(network, seen, guess.rotation, passes=passes)
        if not any(guess.is_like(other) for other in found):
            found.append(guess)
    return sorted(found, key=lambda guess: guess.logit, reverse=True)


def look_again(
    network: FieldLandmarkNetwork, seen: Overview, rotation: Float[np.ndarray, "3 3"], *, passes: int = PASSES
) -> Guess:
    """What the coarse network says of a head that stands turned so, looked at upright, as often as
    `passes`."""
    assert passes >= 1
    for _ in range(passes):
        box = Box(seen.centre_m, WHOLE_OVER_RADIUS * seen.radius_m, rotation)
        guess = Guess.of(network(seen.overview(box, network.config.size)[None, None]), 0, box)
        rotation = guess.rotation
    return guess
