"""A head reduced to its landmarks and laid out for fast projection and Jacobians."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int

from mien.heads.landmark_sets import opening_pairs
from mien.heads.model import Head
from mien.heads.parameters import JOINT_NAMES

MOVED_SHARE = 0.05
"""A joint is worth solving for when some landmark follows it with at least this weight."""


@dataclass(frozen=True, eq=False)
class FitModel:
    """What fitting needs of a head, for one landmark set. Components come first and landmarks last, so that
    every operation runs along contiguous landmarks.

    Attributes:
        head: the whole head.
        set_name: the landmark set.
        mean_m: (3, L) rest positions of the landmarks on the mean head.
        identity_m: (I, 3, L) displacement per identity weight.
        expression_m: (E, 3, L) displacement per expression weight.
        skinning: (4, L) joint weights.
        opening_pairs: (P, 2) landmarks that face each other across lids and lips.
        free_joints: joints other than the neck that move some landmark differently from the rest of the head.
    """

    head: Head
    set_name: str
    mean_m: Float[np.ndarray, "3 landmarks"]
    identity_m: Float[np.ndarray, "identity 3 landmarks"]
    expression_m: Float[np.ndarray, "expression 3 landmarks"]
    skinning: Float[np.ndarray, "4 landmarks"]
    opening_pairs: Int[np.ndarray, "pairs 2"]
    free_joints: tuple[int, ...]

    @staticmethod
    def of(head: Head, set_name: str) -> FitModel:
        """The model of a head's landmark set; kept for the next call.

        Raises:
            LandmarkSetError: the head has no such set.
        """
        return _fit_model(head, set_name)

    @property
    def landmark_count(self) -> int:
        return self.mean_m.shape[1]


@lru_cache(maxsize=16)
def _fit_model(head: Head, set_name: str) -> FitModel:
    vertices = head.landmark_set(set_name).vertices
    skinning = np.ascontiguousarray(head.skinning_weights[vertices].T, dtype=float)
    _, head_joint, left_eye, right_eye = range(len(JOINT_NAMES))
    with_head = skinning[[head_joint, left_eye, right_eye]].sum(axis=0)
    free = [head_joint] if with_head.min() < 1 - MOVED_SHARE and with_head.max() > MOVED_SHARE else []
    free += [eye for eye in (left_eye, right_eye) if skinning[eye].max() > MOVED_SHARE]
    return FitModel(
        head=head,
        set_name=set_name,
        mean_m=np.ascontiguousarray(head.mean_m[vertices].T, dtype=float),
        identity_m=_components_first(head.identity_basis_m[:, vertices]),
        expression_m=_components_first(head.expression_basis_m[:, vertices]),
        skinning=skinning,
        opening_pairs=opening_pairs(head, set_name),
        free_joints=tuple(free),
    )


def _components_first(basis_m: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(basis_m.transpose(0, 2, 1), dtype=float)
