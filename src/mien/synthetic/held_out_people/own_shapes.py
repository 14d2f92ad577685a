"""How people whom the head was not learned from make those expressions that differ from person to person."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from mien.heads.model import Head, PersonalShape

_TELLING_M = 0.0003
"""How far the head's identities are taken to miss a person by: less would ask for unlikely ones."""


def shapes_of_people(
    head: Head, displacements_m: Float[np.ndarray, "people vertices 3"]
) -> tuple[PersonalShape, ...]:
    """The head's personal shapes for people instead of identity weights: each person's lids shut as those of
    the identity do that comes nearest to them around the eyes.

    Args:
        displacements_m: from the head's mean.
    """
    shapes = []
    for personal in head.personal_shapes:
        basis = head.identity_basis_m[:, personal.vertices].reshape(head.identity_count, -1)
        people = displacements_m[:, personal.vertices].reshape(len(displacements_m), -1)
        # The most likely identity: weights are standard normal, what they miss has a deviation.
        gram = basis @ basis.T + _TELLING_M**2 * np.eye(head.identity_count)
        weights = np.linalg.solve(gram, basis @ people.T).T
        shapes.append(replace(personal, identity_m=np.tensordot(weights, personal.identity_m, axes=1)))
    return tuple(shapes)
