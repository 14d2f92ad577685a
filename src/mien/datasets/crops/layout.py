"""What training needs to know of a landmark set: its place in the shards' set, mirror pairs, weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

SHARD_SET = "dense703"
"""The set that synthetic shards carry; every other set is picked from it."""

GROUP_WEIGHTS = {
    "face": 1.0,
    "nose": 2.0,
    "jaw": 2.0,
    "left_brow": 2.0,
    "right_brow": 2.0,
    "mouth": 3.0,
    "left_eye": 3.0,
    "right_eye": 3.0,
    "ears": 0.6,
    "teeth": 0.5,
}
"""Weight of each group's landmarks in the loss (λ of eq. 1); a point in several groups takes the largest."""

CONTOUR_WEIGHT = 2.0
"""Least weight of points that belong to the 68-point set (jaw line included)."""

ELSEWHERE_WEIGHT = 0.35
"""Weight of points in no group: the back of the head, the neck."""


@dataclass(frozen=True)
class LandmarkLayout:
    """A landmark set as the training sees it.

    Attributes:
        set_name: name of the set that the network predicts.
        shard_indices: (L,) positions of its landmarks in the shards' set.
        mirror: (L,) index of every landmark's partner on the other side (its own for the midline).
        face: (L,) whether the landmark lies on the face proper; these make the region and the main figures.
        left_eye, right_eye, mouth: indices of the landmarks whose means give the up direction.
        weights: (L,) weight in the loss.
    """

    set_name: str
    shard_indices: Int[np.ndarray, " landmarks"]
    mirror: Int[np.ndarray, " landmarks"]
    face: Bool[np.ndarray, " landmarks"]
    left_eye: Int[np.ndarray, " left"]
    right_eye: Int[np.ndarray, " right"]
    mouth: Int[np.ndarray, " mouth"]
    weights: Float[np.ndarray, " landmarks"]

    def __len__(self) -> int:
        return len(self.mirror)


def load_layout(set_name: str, *, shard_set: str = SHARD_SET) -> LandmarkLayout:
    """The layout of one of the built-in head's sets.

    Raises:
        LandmarkSetError: the set is unknown or no part of the shards' set.
    """
    from mien.heads.landmark_sets import conversion_indices, landmark_groups, mirror_indices

    groups = {name: np.asarray(members) for name, members in landmark_groups(set_name).items()}
    shard_indices = np.asarray(conversion_indices(shard_set, set_name), dtype=np.int64)
    count = len(shard_indices)
    indices = {
        name: np.flatnonzero(members) if members.dtype == bool else members.astype(np.int64)
        for name, members in groups.items()
    }
    face = np.zeros(count, bool)
    face[indices["face"]] = True
    weights = np.full(count, ELSEWHERE_WEIGHT)
    for name, weight in GROUP_WEIGHTS.items():
        if name in indices:
            weights[indices[name]] = np.maximum(weights[indices[name]], weight)
    contour = np.isin(shard_indices, np.asarray(conversion_indices(shard_set, "ict68")))
    weights[contour] = np.maximum(weights[contour], CONTOUR_WEIGHT)
    return LandmarkLayout(
        set_name=set_name,
        shard_indices=shard_indices,
        mirror=np.asarray(mirror_indices(set_name), dtype=np.int64),
        face=face,
        left_eye=indices["left_eye"],
        right_eye=indices["right_eye"],
        mouth=indices["mouth"],
        weights=weights,
    )
