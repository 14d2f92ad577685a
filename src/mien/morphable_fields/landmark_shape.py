"""From landmarks to the head that they mean: the likeliest weights, and a warp for what these leave."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float

from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.morphable_fields.nearby_points import LANDMARK_SET, falloff, surface_distances_m

SIGMA_M = 0.0005
"""How far landmarks may lie from the head's own: what is beyond its shapes, and errors of detection."""
EXPRESSION_SIGMA = 0.35
"""Deviation of expression weights from where they start."""
DORMANT = 0.06
"""By how much weights at 0 are drawn below it: a few shapes do what is asked, not all of them a little."""
HARDLY_M = 0.002
"""Shapes that move all landmarks together by less than this are not told by them."""
LARGEST_WEIGHT = 1.3
WARP_RADII_M = (0.045, 0.025, 0.012, 0.006)
"""How far along the skin a landmark pulls: first far, then what that leaves nearer by."""
MOSTLY = 0.5
"""Share of a shape's squared motion of landmarks that must be of moved ones, or an edit leaves it alone."""
ROUNDS = 3
"""Personal shapes make the problem slightly nonlinear."""


@dataclass(frozen=True, eq=False)
class LandmarkShape:
    """A head that has given landmarks.

    Attributes:
        identity: (I,) weights; expression: (E,) weights.
        residual_m: (68, 3) what the landmarks have beyond the head's.
    """

    identity: Float[np.ndarray, " identity"]
    expression: Float[np.ndarray, " expression"]
    residual_m: Float[np.ndarray, "68 3"]


def head_landmarks_m(
    head: Head, identity: Float[np.ndarray, " identity"], expression: Float[np.ndarray, " expression"]
) -> Float[np.ndarray, "68 3"]:
    """The landmarks of a head at the origin that faces +z, joints at rest, metres."""
    return _reduced(head).rest_vertices_m(identity, expression)


def shape_of_landmarks(
    head: Head,
    landmarks_m: Float[np.ndarray, "68 3"],
    *,
    identity: Float[np.ndarray, " identity"] | None = None,
    start: Float[np.ndarray, " expression"] | None = None,
    offset_m: Float[np.ndarray, "68 3"] | None = None,
    moved: Bool[np.ndarray, " 68"] | None = None,
) -> LandmarkShape:
    """The likeliest head: Gaussian landmarks, the identity prior, and expressions near where they start.

    A linear least-squares problem with bounds on expression weights.

    Args:
        landmarks_m: in the head's frame.
        identity: who it is, where that is known: only the expression is sought then.
        start: (E,) expression that is departed from as little as possible; rest when None.
        offset_m: what the person's landmarks have beyond the head's anyway.
        moved: landmarks that were moved: only shapes that move mostly these change then, so that a mouth does
            not turn the eyes a little.
    """
    from scipy.optimize import lsq_linear

    small = _reduced(head)
    target_m = landmarks_m if offset_m is None else landmarks_m - offset_m
    start = np.zeros(head.expression_count) if start is None else start
    mean, factor = _identity_prior(head)
    who = mean.copy() if identity is None else identity
    how = start.copy()
    count = len(mean)
    identity_columns = small.identity_basis_m.reshape(count, -1).T / SIGMA_M
    for _ in range(ROUNDS):
        shapes = small.expression_shapes_m(who).reshape(head.expression_count, -1).T / SIGMA_M
        at_rest = small.rest_vertices_m(who, np.zeros(head.expression_count)).ravel() / SIGMA_M
        wanted = target_m.ravel() / SIGMA_M - at_rest
        prior = np.eye(head.expression_count) / EXPRESSION_SIGMA
        low, high = np.minimum(start, 0.0) - 1e-9, np.maximum(start, LARGEST_WEIGHT)
        center = np.where(start > 0, start, start - DORMANT)
        fixed = _fixed_shapes(small, moved)
        low, high = np.where(fixed, start - 1e-9, low), np.where(fixed, start + 1e-9, high)
        if identity is not None:
            rows = np.concatenate([shapes, prior])
            right = np.concatenate([wanted, prior @ center])
            how = lsq_linear(rows, right, bounds=(low, high)).x
            break
        rows = np.block([
            [identity_columns, shapes],
            [factor, np.zeros((count, head.expression_count))],
            [np.zeros((head.expression_count, count)), prior],
        ])  # fmt: skip
        right = np.concatenate([wanted + identity_columns @ who, factor @ mean, prior @ center])
        bounds = (np.append(np.full(count, -np.inf), low), np.append(np.full(count, np.inf), high))
        found = lsq_linear(rows, right, bounds=bounds).x
        who, how = found[:count], found[count:]
        if not small.personal_shapes:
            break
    residual_m = landmarks_m - small.rest_vertices_m(who, how)
    return LandmarkShape(who, how, residual_m)


def _fixed_shapes(small: Head, moved: Bool[np.ndarray, " 68"] | None) -> Bool[np.ndarray, " expression"]:
    """(E,) shapes that landmarks do not tell, or that mostly move others than the moved ones."""
    squared = (small.expression_basis_m**2).sum(axis=2)
    total = squared.sum(axis=1)
    hardly = total < HARDLY_M**2
    if moved is None:
        return hardly
    return hardly | (squared[:, moved].sum(axis=1) < MOSTLY * total)


def warp_m(head: Head, residual_m: Float[np.ndarray, "68 3"]) -> Float[np.ndarray, "vertices 3"]:
    """Displacement of all vertices that takes the landmarks by `residual_m` and leaves what is far alone."""
    return _warp_weights(head) @ residual_m


@lru_cache(maxsize=2)
def _warp_weights(head: Head) -> Float[np.ndarray, "vertices 68"]:
    """(V, 68) by how much each vertex follows each landmark.

    Means of the landmarks around, so that noise is never made larger, with ever smaller radii.
    """
    distances_m, points = surface_distances_m(head), head.landmark_set(LANDMARK_SET).vertices
    total = np.zeros((head.vertex_count, 68))
    for radius_m in WARP_RADII_M:
        pull = falloff(distances_m, radius_m).T
        level = pull / np.maximum(pull.sum(axis=1, keepdims=True), 1.0)
        total += level @ (np.eye(68) - total[points])
    return total


@lru_cache(maxsize=2)
def _reduced(head: Head) -> Head:
    return head.subset(head.landmark_set(LANDMARK_SET).vertices)


@lru_cache(maxsize=2)
def _identity_prior(head: Head) -> tuple[np.ndarray, np.ndarray]:
    """(I,) mean and (I, I) whitening factor of the identity prior, its mixture taken as one Gaussian."""
    count = head.identity_count
    if head.identity_mixture is None:
        return np.zeros(count), np.eye(count)
    weights, means, covariances = head.identity_mixture
    mean = weights @ means
    centered = means - mean
    covariance = np.einsum("g,gij->ij", weights, covariances) + (weights[:, None] * centered).T @ centered
    return mean, np.linalg.cholesky(np.linalg.inv(covariance + 1e-6 * np.eye(count))).T


def rest_parameters(head: Head, shape: LandmarkShape) -> HeadParameters:
    """A shape as the head's parameters, at the origin."""
    return HeadParameters(shape.identity, shape.expression, np.zeros((4, 3)), np.zeros(3), np.zeros(3))
