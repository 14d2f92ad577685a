"""Is a person in one picture nearer to the same person in another than to everybody else?

Only shapes are compared, so pictures should differ in all the rest: light, skin, hair, pose, expression.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.errors import InputError, ShapeError
from mien.evaluation.fitting.exact_landmarks import rest_shape
from mien.evaluation.fitting.pictured_people import FittedPicture
from mien.fitting.likeness import shipped_likeness
from mien.geometry.alignment import align_similarity
from mien.heads.model import Head

SHAPE_SET = "full_face"
"""Vertices that shapes are compared by: the front of the head."""


@dataclass(frozen=True)
class Recognition:
    """How often somebody is recognised among others.

    Attributes:
        people: how many there are to choose from.
        shown: how many were to be recognised.
        rank_1: share whose nearest is the same person; those without a fit are not recognised.
        rank_5: share who are among the five nearest.
        rank_1_by_angle: as rank_1, with the angle between displacements from the mean face in place of
            their distance: a person who is shown too small is still the same.
        rank_1_by_likeness: as rank_1, by `mien.likeness`, which knows what fits of one person differ in.
        chance: rank_1 of guesses.
    """

    people: int
    shown: int
    rank_1: float
    rank_5: float
    rank_1_by_angle: float
    rank_1_by_likeness: float
    chance: float


def recognition(
    known: Float[np.ndarray, "people n"],
    shown: Float[np.ndarray, "people n"],
    likenesses: Float[np.ndarray, "people people"],
) -> Recognition:
    """Recognise person i of `shown` among all of `known`; NaN rows are not recognised and recognise nobody.

    Args:
        known, shown: a row of numbers for each person, zero for the mean face.
        likenesses: of each of `shown` (rows) with each of `known`.

    Raises:
        ShapeError: the two differ in shape.
        InputError: fewer than two people.
    """
    if known.shape != shown.shape:
        raise ShapeError("shapes", expected=str(known.shape), actual=shown.shape)
    if len(known) < 2:
        raise InputError("recognising somebody needs two people or more")
    apart = np.linalg.norm(shown[:, None] - known, axis=2)
    lengths = np.linalg.norm(shown, axis=1)[:, None] * np.linalg.norm(known, axis=1)
    angles = -(shown @ known.T) / np.maximum(lengths, 1e-12)
    ranks, angle_ranks, likeness_ranks = _ranks(apart), _ranks(angles), _ranks(-likenesses)
    return Recognition(
        people=len(known),
        shown=len(shown),
        rank_1=float((ranks < 1).mean()),
        rank_5=float((ranks < 5).mean()),
        rank_1_by_angle=float((angle_ranks < 1).mean()),
        rank_1_by_likeness=float((likeness_ranks < 1).mean()),
        chance=1 / len(known),
    )


def study_who_is_who(head: Head, pictures: Sequence[FittedPicture]) -> dict[int, Recognition]:
    """By shot how well people are recognised in it who are known from shot 0.

    Raises:
        InputError: there are fewer than two people, or no shot but the first.
    """
    people = 1 + max((picture.person for picture in pictures), default=-1)
    shots = sorted({picture.shot for picture in pictures})
    if len(shots) < 2:
        raise InputError("recognising somebody needs two pictures of each person or more")
    face = head.landmark_set(SHAPE_SET).vertices
    space = shipped_likeness()
    shapes = np.full((len(shots), people, 3 * len(face)), np.nan)
    placed = np.full((len(shots), people, space.directions.shape[1]), np.nan)
    for picture in pictures:
        if picture.fit is not None:
            row = shots.index(picture.shot)
            placed[row, picture.person] = space.placed(picture.fit.parameters.identity)
            shape_m = rest_shape(head, picture.fit.parameters.identity)[face]
            # How large somebody is no single picture tells.
            there_m = align_similarity(shape_m, head.mean_m[face]).apply(shape_m)
            shapes[row, picture.person] = (there_m - head.mean_m[face]).ravel()
    return {
        shot: recognition(shapes[0], shapes[row], placed[row] @ placed[0].T)
        for row, shot in enumerate(shots)
        if row
    }


def _ranks(apart: Float[np.ndarray, "shown known"]) -> Float[np.ndarray, " shown"]:
    """How many others are as near as the right one or nearer; as many as there are where it is unknown."""
    right = np.diag(apart)
    others = np.where(np.isnan(apart), np.inf, apart) <= right[:, None]
    return np.where(np.isnan(right), len(apart), others.sum(axis=1) - 1).astype(float)
