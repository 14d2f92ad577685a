"""Blinks that shut everybody's eyes: how the shape of a blink depends on identity."""

from __future__ import annotations

import numpy as np

from mien.head_building.arkit_shapes import CarriedShape
from mien.head_building.assembly import Assembly
from mien.heads.model import PersonalShape

_SAMPLES_PER_COMPONENT = 5
_RIDGE = 0.05
_SMALLEST_M = 2e-5


def personal_blinks(
    assembly: Assembly,
    shapes: dict[str, CarriedShape],
    names: tuple[str, ...],
    *,
    mean_m: np.ndarray,
    identity_m: np.ndarray,
    centres_m: np.ndarray,
    centres_identity_m: np.ndarray,
    rng: np.random.Generator,
) -> tuple[PersonalShape, ...]:
    """A blink is where the lids are when shut less where they are when open; both are the person's own.

    Told by least squares from random people of the head itself.

    Args:
        mean_m: (V, 3), identity_m: (I, V, 3) the head; centres_m: (2, 3), centres_identity_m: (I, 2, 3) its
            eyeballs.
    """
    skin = assembly.starts["skin"]
    count = len(identity_m)
    weights = rng.normal(size=(_SAMPLES_PER_COMPONENT * count, count))
    gram = weights.T @ weights + _RIDGE * len(weights) * np.eye(count)
    result = []
    for eye, name in enumerate(("eyeBlinkLeft", "eyeBlinkRight")):
        lids, carried_m = assembly.lids[eye], shapes[name].skin_m
        meeting = lids.meeting_of(mean_m[skin], centres_m[eye], carried_m)
        vertices = np.unique(
            np.concatenate([lids.edge, lids.inside, lids.behind.ravel(), lids.field.following])
        )
        mean_blink_m = lids.blink(mean_m[skin], centres_m[eye], carried_m, meeting)[vertices]
        changes_m = np.empty((len(weights), len(vertices), 3))
        for row, person in enumerate(weights):
            skin_m = mean_m[skin] + np.tensordot(person, identity_m[:, skin], axes=1)
            centre_m = centres_m[eye] + person @ centres_identity_m[:, eye]
            changes_m[row] = lids.blink(skin_m, centre_m, carried_m, meeting)[vertices] - mean_blink_m
        solution = np.linalg.solve(gram, weights.T @ changes_m.reshape(len(weights), -1))
        by_identity_m = solution.reshape(count, len(vertices), 3)
        moves = np.abs(by_identity_m).max(axis=(0, 2)) > _SMALLEST_M
        result.append(PersonalShape(names.index(name), vertices[moves], by_identity_m[:, moves]))
    return tuple(result)
