"""Where a fit begins when lifted landmarks say who it is and what the face does."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, UInt8

from mien.errors import LandmarkSetError
from mien.geometry.alignment import align_similarity
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from mien.lifting.lifter import Lifter

DEVIATION_M = 0.003
"""How far lifted landmarks are from the truth: against the priors of identity and expression."""
_EXPRESSION_STD = 0.4
_ROUNDS = 3


def parameters_of_lifted(
    head: Head, points_m: Float[np.ndarray, "landmarks 3"], set_name: str
) -> HeadParameters:
    """Identity and expression whose landmarks are nearest to lifted ones, with the priors' weight.

    A similarity is taken away: lifted landmarks have the size of usual people.

    Args:
        points_m: in the head's frame.

    Raises:
        LandmarkSetError: the head lacks the set.
    """
    vertices = head.landmark_set(set_name).vertices
    if (vertices < 0).any():
        raise LandmarkSetError(f"{head.name} lacks points of {set_name!r}")
    mean_m = head.mean_m[vertices]
    identity, expression = head.identity_basis_m[:, vertices], head.expression_basis_m[:, vertices]
    basis = np.concatenate([identity, expression]).reshape(len(identity) + len(expression), -1)
    prior = np.concatenate([np.ones(len(identity)), np.full(len(expression), 1 / _EXPRESSION_STD**2)])
    gram = basis @ basis.T / DEVIATION_M**2 + np.diag(prior)
    weights = np.zeros(len(basis))
    for _ in range(_ROUNDS):
        now_m = mean_m + (weights @ basis).reshape(-1, 3)
        placed_m = align_similarity(points_m, now_m).apply(points_m)
        weights = np.linalg.solve(gram, basis @ (placed_m - mean_m).ravel() / DEVIATION_M**2)
        weights[len(identity) :] = np.clip(weights[len(identity) :], 0, 1)
    neutral = head.neutral()
    return replace(neutral, identity=weights[: len(identity)], expression=weights[len(identity) :])


@dataclass(frozen=True, eq=False)
class LiftedStart:
    """Tells where a fit to a picture's face begins; see `Context.start`."""

    lifter: Lifter

    def __call__(
        self, image: UInt8[np.ndarray, "height width 3"], landmarks: Landmarks2D, head: Head
    ) -> HeadParameters:
        """The head's parameters, its pose apart."""
        lifted = self.lifter(image, landmarks)
        return parameters_of_lifted(head, lifted.points_m, lifted.set_name)
