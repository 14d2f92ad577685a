"""From landmarks to the head that they mean: the likeliest weights, and a warp for what these leave."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.morphable_fields.nearby_points import LANDMARK_SET, falloff, surface_distances_m

SIGMA_M = 0.0005
"""How far landmarks may lie from the head's own: what is beyond its shapes, and errors of detection."""
EXPRESSION_SIGMA = 0.35
"""Deviation of expression weights from where they start."""
LARGEST_WEIGHT = 1.3
WARP_RADII_M = (0.045, 0.025, 0.012, 0.006)
"""How far along the skin a landmark pulls: first far, then what that leaves nearer by."""
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
) -> LandmarkShape:
    """The likeliest head: Gaussian landmarks, the identity prior, and expressions near where they start.

    A linear least-squares problem with bounds on expression weights.

    Args:
        landmarks_m: in the head's frame.
        identity: who it is, where that is known: only the expression is sought then.
        start: (E,) expression that is departed from as little as possible; rest when None.
        offset_m: what the person's landmarks have beyond the head's anyway.
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
        if identity is not None:
            rows = np.concatenate([shapes, prior])
            right = np.concatenate([wanted, prior @ start])
            how = lsq_linear(rows, right, bounds=(low, high)).x
            break
        rows = np.block([
            [identity_columns, shapes],
            [factor, np.zeros((count, head.expression_count))],
            [np.zeros((head.expression_count, count)), prior],
        ])  # fmt: skip
        right = np.concatenate([wanted + identity_columns @ who, factor @ mean, prior @ start])
        bounds = (np.append(np.full(count, -np.inf), low), np.append(np.full(count, np.inf), high))
        found = lsq_linear(rows, right, bounds=bounds).x
        who, how = found[:count], found[count:]
        if not small.personal_shapes:
            break
    residual_m = landmarks_m - small.rest_vertices_m(who, how)
    return LandmarkShape(who, how, residual_m)


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
