"""From one landmark set of the built-in head to another: points are picked, or told from those around."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int

from mien.errors import LandmarkSetError
from mien.heads.library import load_head
from mien.heads.model import Head

NEIGHBOURS = 8
"""Points that a point in between is told from."""
EXPRESSION_SHARE = 0.35
"""How far expressions go on average, as a share of full: weighs movements against differences of people."""
NOISE_M = 5e-4
"""Errors of the points themselves that the weights reckon with. Without it some weights are above 3 and
cancel each other, which points of a network, that err by millimetres, do not forgive."""
MAX_ERROR_M = 0.0035
"""A point that cannot be told better than this is missing."""


@dataclass(frozen=True, eq=False)
class LandmarkConversion:
    """Each point of a set as a weighted mean of points of another.

    Attributes:
        indices: (L, K) points of the other set.
        weights: (L, K) that sum to one; a point that both sets have is 1 times itself.
    """

    indices: Int[np.ndarray, "landmarks k"]
    weights: Float[np.ndarray, "landmarks k"]

    def points(self, points: Float[np.ndarray, "*faces others d"]) -> Float[np.ndarray, "*faces landmarks d"]:
        """The set's points, in pixels or metres, from the other's."""
        return (points[..., self.indices, :] * self.weights[..., None]).sum(axis=-2)

    def deviations(self, sigma: Float[np.ndarray, "*faces others"]) -> Float[np.ndarray, "*faces landmarks"]:
        """Their standard deviations, as if neighbours erred together, which they nearly do."""
        return (sigma[..., self.indices] * np.abs(self.weights)).sum(axis=-1)


@lru_cache(maxsize=32)
def landmark_conversion(from_set: str, to_set: str) -> LandmarkConversion:
    """How to tell the points of `to_set` from those of `from_set`, both of the built-in head.

    Raises:
        LandmarkSetError: a set is unknown, or `from_set` has no points around a point of `to_set`.
    """
    head = load_head()
    given, wanted = head.landmark_set(from_set).vertices, head.landmark_set(to_set).vertices
    place = {int(vertex): index for index, vertex in enumerate(given)}
    present = np.ones(len(given), bool)
    present[head.landmark_set(from_set).missing] = False
    indices = np.zeros((len(wanted), NEIGHBOURS), dtype=np.int64)
    weights = np.zeros((len(wanted), NEIGHBOURS))
    missing = 0
    for row, vertex in enumerate(wanted.tolist()):
        if vertex in place:
            indices[row], weights[row, 0] = place[vertex], 1.0
            continue
        near = _around(head, given, present, vertex)
        told, error_m = _weights(head, given[near], vertex)
        missing += error_m > MAX_ERROR_M
        indices[row, : len(near)], weights[row, : len(near)] = near, told
    if missing:
        raise LandmarkSetError(
            f"{to_set!r} cannot be told from {from_set!r}: {missing} of its {len(wanted)} points have no "
            "others around them"
        )
    return LandmarkConversion(indices, weights)


def _around(head: Head, given: np.ndarray, present: np.ndarray, vertex: int) -> np.ndarray:
    """Indices of the nearest given points that the head has on the vertex's own part."""
    distance_m = np.linalg.norm(head.mean_m[given] - head.mean_m[vertex], axis=1)
    parts = _surface_parts(head)
    same_part = present & (parts[given] == parts[vertex])
    nearest = np.argsort(distance_m, kind="stable")
    return nearest[same_part[nearest]][:NEIGHBOURS]


def _surface_parts(head: Head) -> np.ndarray:
    """(V,) the part of each vertex; hair lies on the skin."""
    parts = head.vertex_parts.copy()
    for name in ("brows", "lashes"):
        if name in head.part_names:
            parts[parts == head.part_names.index(name)] = head.part_names.index("skin")
    return parts


def _weights(head: Head, around: np.ndarray, vertex: int) -> tuple[np.ndarray, float]:
    """Weights that sum to one with which the mean of some vertices is nearest to another over all people and
    expressions, and the root mean square distance that is left, metres."""
    if len(around) < 3:
        return np.zeros(len(around)), float("inf")
    vertices = np.append(around, vertex)
    # Where brows lie on the skin is not to be told from the skin: their usual place is.
    identity_m = head.identity_basis_m[:, vertices]
    told = np.abs(identity_m[:, :-1]).max(axis=(1, 2)) > 0
    shapes_m = np.concatenate(
        [
            head.mean_m[None, vertices],
            identity_m[told],
            EXPRESSION_SHARE * head.expression_basis_m[:, vertices],
        ]
    )
    # Distances from the first vertex: its weight is what the others leave of one.
    from_first_m = shapes_m - shapes_m[:, :1]
    a = from_first_m[:, 1:-1].transpose(0, 2, 1).reshape(-1, len(around) - 1)
    b = from_first_m[:, -1].reshape(-1)
    others = np.ones((len(around) - 1, len(around) - 1)) + np.eye(len(around) - 1)
    noise = len(shapes_m) * NOISE_M**2
    of_others = np.linalg.solve(a.T @ a + noise * others, a.T @ b + noise)
    weights = np.append(1 - of_others.sum(), of_others)
    return weights, float(np.linalg.norm(a @ of_others - b))
