"""A head reduced to its landmarks and laid out for fast projection and Jacobians."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from jaxtyping import Bool, Float, Int

from mien.heads.landmark_sets import opening_pairs
from mien.heads.model import Head
from mien.heads.parameters import JOINT_NAMES

_MANY = 200
"""Landmarks from which a third of them is enough for a start."""

MOVED_SHARE = 0.05
"""A joint is worth solving for when some landmark follows it with at least this weight."""


@dataclass(frozen=True, eq=False)
class PersonalPoints:
    """How an expression shape of some landmarks depends on identity (`mien.heads.model.PersonalShape`).

    Attributes:
        shape: index of the expression shape.
        landmarks: (K,) the landmarks at which it does.
        identity_m: (I, 3, K) what is added to its displacement for an identity weight of 1.
    """

    shape: int
    landmarks: Int[np.ndarray, " k"]
    identity_m: Float[np.ndarray, "identity 3 k"]

    @cached_property
    def identity_rough_m(self) -> Float[np.ndarray, "identity 3 k"]:
        """`identity_m` in single precision."""
        return self.identity_m.astype(np.float32)


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
        personal: what of the expression shapes depends on identity.
        skinning: (4, L) joint weights.
        present: (L,) False for landmarks that the head has no place for; None when it has all.
        opening_pairs: (P, 2) landmarks that face each other across lids and lips.
        free_joints: joints other than the neck that move some landmark differently from the rest of the head.
    """

    head: Head
    set_name: str
    mean_m: Float[np.ndarray, "3 landmarks"]
    identity_m: Float[np.ndarray, "identity 3 landmarks"]
    expression_m: Float[np.ndarray, "expression 3 landmarks"]
    personal: tuple[PersonalPoints, ...]
    skinning: Float[np.ndarray, "4 landmarks"]
    present: Bool[np.ndarray, " landmarks"] | None
    opening_pairs: Int[np.ndarray, "pairs 2"]
    free_joints: tuple[int, ...]

    @staticmethod
    def of(head: Head, set_name: str) -> FitModel:
        """The model of a head's landmark set; kept for the next call.

        Raises:
            LandmarkSetError: the head has no such set.
        """
        return _fit_model(head, set_name)

    def expression_of(
        self, identity: Float[np.ndarray, " identity"]
    ) -> Float[np.ndarray, "expression 3 landmarks"]:
        """(E, 3, L) the expression shapes of one person: how landmarks move with expression weights."""
        if not self.personal:
            return self.expression_m
        shapes_m = self.expression_m.copy()
        for points in self.personal:
            shapes_m[points.shape][:, points.landmarks] += _weighted(identity, points.identity_m)
        return shapes_m

    @cached_property
    def identity_rough_m(self) -> Float[np.ndarray, "identity 3 landmarks"]:
        """`identity_m` in single precision, which is enough for a Hessian."""
        return self.identity_m.astype(np.float32)

    @property
    def landmark_count(self) -> int:
        return self.mean_m.shape[1]

    @cached_property
    def few(self) -> FewLandmarks | None:
        """The same with a third of the landmarks, spread over all, for the way to a start; None where the set
        is small anyway."""
        return FewLandmarks.of(self) if self.landmark_count >= _MANY else None


@dataclass(frozen=True, eq=False)
class FewLandmarks:
    """Some of a model's landmarks.

    Attributes:
        model: of these alone; it has no opening pairs.
        kept: (K,) which they are.
    """

    model: FitModel
    kept: Int[np.ndarray, " kept"]

    @staticmethod
    def of(model: FitModel, *, every: int = 3) -> FewLandmarks:
        """Every so many of a model's landmarks."""
        kept = np.arange(0, model.landmark_count, every)
        own = []
        for points in model.personal:
            among = np.isin(points.landmarks, kept)
            if among.any():
                places = np.searchsorted(kept, points.landmarks[among])
                own.append(PersonalPoints(points.shape, places, _packed(points.identity_m[:, :, among])))
        few = replace(
            model,
            mean_m=_packed(model.mean_m[:, kept]),
            identity_m=_packed(model.identity_m[:, :, kept]),
            expression_m=_packed(model.expression_m[:, :, kept]),
            personal=tuple(own),
            skinning=_packed(model.skinning[:, kept]),
            present=None if model.present is None else model.present[kept],
            opening_pairs=np.zeros((0, 2), np.int64),
        )
        return FewLandmarks(few, kept)


def _packed(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values)


@lru_cache(maxsize=16)
def _fit_model(head: Head, set_name: str) -> FitModel:
    vertices, missing = head.landmark_set(set_name).vertices, head.landmark_set(set_name).missing
    pairs = opening_pairs(head, set_name)
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
        personal=tuple(points for points in _personal_points(head, vertices) if len(points.landmarks)),
        skinning=skinning,
        present=~np.isin(np.arange(len(vertices)), missing) if len(missing) else None,
        opening_pairs=pairs[~np.isin(pairs, missing).any(axis=1)],
        free_joints=tuple(free),
    )


def _personal_points(head: Head, vertices: np.ndarray) -> list[PersonalPoints]:
    found = []
    for personal in head.personal_shapes:
        place = {int(vertex): row for row, vertex in enumerate(personal.vertices)}
        landmarks = [i for i, vertex in enumerate(vertices.tolist()) if vertex in place]
        rows = [place[int(vertices[i])] for i in landmarks]
        found.append(
            PersonalPoints(
                personal.shape,
                np.array(landmarks, dtype=np.int64),
                _components_first(personal.identity_m[:, rows]),
            )
        )
    return found


def _weighted(weights: np.ndarray, shapes_m: np.ndarray) -> np.ndarray:
    return (weights @ shapes_m.reshape(len(shapes_m), -1)).reshape(shapes_m.shape[1:])


def _components_first(basis_m: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(basis_m.transpose(0, 2, 1), dtype=float)
