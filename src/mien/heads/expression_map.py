"""One head's expression weights in terms of another's: ARKit ↔ FLAME, BFM, or any two heads.

Both heads carry the built-in head's landmarks, so the same few hundred points of the face are known on both.
A similarity lays the mean points of one over the other's; it turns and scales the one's displacements into
the other's frame. The weights of the other head that come nearest to them are found by least squares within
[0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from mien.errors import InputError, ShapeError
from mien.geometry.alignment import align_similarity
from mien.heads.arkit_names import close_below_jaw, speaks_arkit
from mien.heads.fittable import fittable_head
from mien.heads.landmark_sets import landmark_groups
from mien.heads.model import Head
from mien.least_squares.boxed import boxed_least_squares

POINT_SET, POINT_GROUP = "dense703", "face"
"""Where the heads are compared: almost 500 points of the face, denser at lids, lips and nose, without those
that one of the heads lacks."""

UNSEEN_MM = 0.01
"""A shape that moves the points less than this (a tongue, a pupil) cannot be compared by them."""


@dataclass(frozen=True, eq=False)
class ConvertedExpression:
    """Expression weights of another head.

    Attributes:
        weights: (…, E') in [0, 1], in the order of the map's `to_names`. Where the other head has ARKit's
            mouthClose and jawOpen, mouthClose is at most jawOpen.
        residual_mm: (…,) root mean square distance, over the points of the face, between the two faces, in
            the size of the head that the weights are for.
        explained: (…,) share of the squared motion that the weights explain, 1 is all of it; 1 at rest.
    """

    weights: Float[np.ndarray, "*frames to"]
    residual_mm: Float[np.ndarray, "*frames"]
    explained: Float[np.ndarray, "*frames"]


@dataclass(frozen=True, eq=False)
class ExpressionMap:
    """How to tell one head's expressions by another's.

    Made by `mien.map_expressions`, kept in a file by `mien.save_expression_map`. Lengths are millimetres in
    the size of the head that weights are found for.

    Attributes:
        from_head, from_version, to_head, to_version: names and versions of the two heads.
        from_names, to_names: names of their expressions.
        weights: (E, E') for each expression of the one head at full weight the other's weights, in [0, 1].
        motion_mm: (E,) root mean square, over the points of the face, of each expression's motion.
        residual_mm: (E,) the same of what `weights` leave of it. NaN for expressions that move none of the
            points (`UNSEEN_MM`): these go to the expression of the same name, or to none.
        gram_mm2, cross_mm2, own_mm2: (E', E'), (E', E), (E, E) mean inner products of the displacements: of
            the other head's expressions, of these with the one's, of the one's.
        ridge: what a weight of 1 costs, as a share of its expression's own motion.
    """

    from_head: str
    from_version: str
    to_head: str
    to_version: str
    from_names: tuple[str, ...]
    to_names: tuple[str, ...]
    weights: Float[np.ndarray, "from to"]
    motion_mm: Float[np.ndarray, " from"]
    residual_mm: Float[np.ndarray, " from"]
    gram_mm2: Float[np.ndarray, "to to"]
    cross_mm2: Float[np.ndarray, "to from"]
    own_mm2: Float[np.ndarray, "from from"]
    ridge: float

    @property
    def explained(self) -> Float[np.ndarray, " from"]:
        """(E,) share of each expression's squared motion that `weights` explain; NaN where none is seen."""
        seen = self.motion_mm >= UNSEEN_MM
        return np.where(seen, 1 - (self.residual_mm / np.where(seen, self.motion_mm, 1)) ** 2, np.nan)

    def convert(self, weights: Float[np.ndarray, "*frames from"]) -> ConvertedExpression:
        """The other head's weights for faces of the one, each face solved for itself, about 2 ms.

        That is more than a product with `self.weights`: expressions that together ask for more than the
        other head's bounds allow share what is left.

        Args:
            weights: (E,) or (F, E), of a fit, a track, or made by hand; they may leave [0, 1]. Rows that are
                not finite come back as NaN.

        Raises:
            ShapeError: there are more or fewer weights than the one head has expressions.
        """
        if weights.shape[-1:] != (len(self.from_names),):
            raise ShapeError(
                f"expression weights of {self.from_head}",
                expected=f"(…, {len(self.from_names)})",
                actual=weights.shape,
            )
        rows = np.asarray(weights, float).reshape(-1, len(self.from_names))
        found = np.full((len(rows), len(self.to_names)), np.nan)
        usable = np.isfinite(rows).all(axis=1)
        ordered = close_below_jaw(self.to_names)
        for row in np.flatnonzero(usable):
            found[row] = self._solved(self.cross_mm2 @ rows[row], ordered)
        residual_mm, motion_mm = self._left(rows, found)
        same = self._same_named
        found[:, same[same >= 0]] = np.clip(rows[:, same >= 0], 0, 1)
        explained = 1 - (residual_mm / np.where(motion_mm > 0, motion_mm, 1)) ** 2
        explained = np.where(motion_mm < UNSEEN_MM, np.where(usable, 1.0, np.nan), explained)
        shape = weights.shape[:-1]
        return ConvertedExpression(
            found.reshape(*shape, -1), residual_mm.reshape(shape), explained.reshape(shape)
        )

    @cached_property
    def _root(self) -> np.ndarray:
        from scipy.linalg import cholesky

        # Expressions that the points do not see have no motion of their own, so a trace is added.
        stiffness_mm2 = self.ridge**2 * np.diagonal(self.gram_mm2) + (0.1 * UNSEEN_MM) ** 2
        return cholesky(self.gram_mm2 + np.diag(stiffness_mm2), lower=False)

    @cached_property
    def _same_named(self) -> Int[np.ndarray, " from"]:
        """The other head's expression of the same name for those that no point sees, else -1."""
        place = {name: index for index, name in enumerate(self.to_names)}
        return np.array([
            place.get(name, -1) if motion < UNSEEN_MM else -1
            for name, motion in zip(self.from_names, self.motion_mm, strict=True)
        ], int)  # fmt: skip

    def _solved(self, cross_mm2: np.ndarray, ordered: tuple[int, int] | None) -> np.ndarray:
        from scipy.linalg import solve_triangular

        target = solve_triangular(self._root, cross_mm2, trans=1, lower=False)
        return boxed_least_squares(self._root, target, ordered=ordered)

    def _left(self, given: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Root mean squares of what the found weights leave of the given ones' motion, and of that motion."""
        motion = np.einsum("fe,ek,fk->f", given, self.own_mm2, given)
        left = motion - 2 * np.einsum("fe,ef->f", found, self.cross_mm2 @ given.T)
        left += np.einsum("fe,ek,fk->f", found, self.gram_mm2, found)
        return np.sqrt(np.maximum(left, 0)), np.sqrt(np.maximum(motion, 0))


def map_expressions(
    from_head: Head | str | Path | None, to_head: Head | str | Path | None = None, *, ridge: float = 0.03
) -> ExpressionMap:
    """Learn to tell one head's expressions by another's; takes seconds.

    What a head counts as expressions is compared: FLAME's jaw joint is among them, as the straight motion to
    a turn of 0.4 rad down or 0.15 rad to a side (`mien.heads.formats.flame`); eyes and neck are not, since
    they are joints of every head.

    >>> arkit_from_flame = mien.map_expressions("flame2023.pkl")
    >>> weights = arkit_from_flame.convert(track.expression).weights          # (F, 51)

    Args:
        from_head: the head whose expressions are given: a head, or its file as for `mien.load_head`; None is
            the built-in one.
        to_head: the head whose weights are wanted, likewise.
        ridge: what a weight of 1 costs, as a share of its expression's own motion: an expression that both
            heads have comes back as 1 / (1 + ridge²), and weights that nothing asks for stay at 0. More of it
            makes expressions that work against each other rarer.

    Raises:
        InputError: a file holds no head, a head's surface cannot be laid over the built-in's, or `ridge` is
            below 0.
        LandmarkSetError: a head has landmark sets of its own, but not dense703.
        MissingExtraError: a file is a BFM and h5py is not installed.
    """
    if not ridge >= 0:
        raise InputError(f"ridge must not be below 0, and is {ridge}")
    one, other = fittable_head(from_head), fittable_head(to_head)
    on_both = np.setdiff1d(
        landmark_groups(POINT_SET)[POINT_GROUP],
        np.union1d(one.landmark_set(POINT_SET).missing, other.landmark_set(POINT_SET).missing),
    )
    (one_m, one_moves), (other_m, other_moves) = _points(one, on_both), _points(other, on_both)
    alignment = align_similarity(one_m, other_m)
    one_moves = alignment.scale * one_moves @ alignment.rotation.T

    def in_mm(moves: np.ndarray) -> np.ndarray:
        """(E, 3 P) such that inner products are means over the points, mm²."""
        return 1000 * moves.reshape(len(moves), -1) / np.sqrt(len(one_m))

    given, wanted = in_mm(one_moves), in_mm(other_moves)
    count = one.expression_count
    found = ExpressionMap(
        one.name,
        one.version,
        other.name,
        other.version,
        one.expression_names,
        other.expression_names,
        weights=np.zeros((count, other.expression_count)),
        motion_mm=np.linalg.norm(given, axis=1),
        residual_mm=np.zeros(count),
        gram_mm2=wanted @ wanted.T,
        cross_mm2=wanted @ given.T,
        own_mm2=given @ given.T,
        ridge=ridge,
    )
    return _with_shapes(found)


def _with_shapes(found: ExpressionMap) -> ExpressionMap:
    """The map with each expression at full weight told by itself."""
    # One at a time, ARKit's mouthClose has no jawOpen to stay below.
    weights = np.array([found._solved(column, None) for column in found.cross_mm2.T])
    weights = weights.reshape(len(found.from_names), len(found.to_names))
    residual_mm, _ = found._left(np.eye(len(weights)), weights)
    unseen = found.motion_mm < UNSEEN_MM
    weights[unseen] = 0
    for row, column in enumerate(found._same_named):
        if column >= 0:
            weights[row, column] = 1
    return replace(found, weights=weights, residual_mm=np.where(unseen, np.nan, residual_mm))


def _points(head: Head, landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(P, 3) landmarks on the mean head and (E, P, 3) how expressions move them, metres.

    No landmark lies on a tongue, and tongueOut opens the mouth too: told by that, it would take jawOpen's
    place.
    """
    vertices = head.landmark_set(POINT_SET).vertices[landmarks]
    moves_m = head.expression_basis_m[:, vertices]
    if "tongueOut" in head.expression_names:
        moves_m[head.expression_names.index("tongueOut")] = 0
    return head.mean_m[vertices], moves_m


def in_arkit_names(
    head: Head, expression: Float[np.ndarray, "*frames expression"]
) -> tuple[tuple[str, ...], Float[np.ndarray, "*frames arkit"]]:
    """A head's expression weights under ARKit's names, in [0, 1], and these names.

    Most heads' names are ARKit's already. Weights of one most of whose expressions are not (FLAME, BFM) are
    told by the built-in head's, with a map that is kept for the next call.

    Args:
        head: whose weights they are.
        expression: (E,) or (F, E).
    """
    if speaks_arkit(head.expression_names):
        return head.expression_names, np.clip(expression, 0, 1)
    found = _map_to_built_in(head)
    return found.to_names, found.convert(expression).weights


@lru_cache(maxsize=2)
def _map_to_built_in(head: Head) -> ExpressionMap:
    return map_expressions(head)
