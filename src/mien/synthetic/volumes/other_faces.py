"""Other people and other expressions from the same volume: where its landmarks are moved to."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from mien.geometry.alignment import align_similarity
from mien.heads.model import Head
from mien.synthetic.expressions import all_expressions
from mien.synthetic.scenes.expressions import random_expression
from mien.synthetic.scenes.scene import random_identity
from mien.synthetic.volumes.head_volume import HeadVolume

PERSON_SPREAD = 0.7
"""Times the difference of two random people."""
LISTED = 0.6
"""Share of new expressions from the list of 110; the others are drawn as for pictures."""
STRENGTH = 0.12
"""Standard deviation of the logarithm of an expression's strength."""


class OtherFaces:
    """Draws landmarks of faces that are in no volume.

    Args:
        head: whose people and expressions they are.
    """

    def __init__(self, head: Head) -> None:
        vertices = head.landmark_set("ict68").vertices
        self._head = head
        self._identity_m = head.identity_basis_m[:, vertices]
        self._expression_m = head.expression_basis_m[:, vertices]
        self._listed = all_expressions(head)

    def expression_m(self, volume: HeadVolume, rng: np.random.Generator) -> Float[np.ndarray, "68 3"]:
        """The same person's landmarks with another expression."""
        if rng.random() < LISTED:
            weights = self._listed[rng.integers(len(self._listed))].weights
        else:
            weights = random_expression(self._head, rng)[0]
        weights = np.clip(weights * np.exp(rng.normal(0, STRENGTH)), 0, 1.3)
        return volume.landmarks_m + np.tensordot(weights - volume.expression, self._expression_m, axes=1)

    def person_m(
        self, landmarks_m: Float[np.ndarray, "68 3"], rng: np.random.Generator
    ) -> Float[np.ndarray, "68 3"]:
        """Somebody else's landmarks with the same expression, as large and in the same place."""
        difference = random_identity(self._head, rng) - random_identity(self._head, rng)
        other_m = landmarks_m + PERSON_SPREAD * np.tensordot(difference, self._identity_m, axes=1)
        return align_similarity(other_m, landmarks_m).apply(other_m)
