"""Least-squares alignment of corresponding points: rigid (Procrustes) and similarity (Umeyama 1991)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.errors import InputError, ShapeError


@dataclass(frozen=True, eq=False)
class Similarity:
    """target ≈ scale · rotation @ source + translation, in any dimension.

    Attributes:
        scale: 1 for a rigid motion.
        rotation: (D, D), determinant +1.
        translation: (D,), in the target's unit.
    """

    scale: float
    rotation: Float[np.ndarray, "d d"]
    translation: Float[np.ndarray, " d"]

    def apply(self, points: Float[np.ndarray, "*n d"]) -> Float[np.ndarray, "*n d"]:
        """Move points."""
        return self.scale * points @ self.rotation.T + self.translation

    def inverse(self) -> Similarity:
        """The transform that undoes this one."""
        rotation = self.rotation.T
        return Similarity(1 / self.scale, rotation, -(rotation @ self.translation) / self.scale)

    @property
    def matrix(self) -> Float[np.ndarray, "d1 d1"]:
        """The same as a homogeneous (D + 1, D + 1) matrix."""
        dimensions = len(self.translation)
        matrix = np.eye(dimensions + 1)
        matrix[:-1, :-1] = self.scale * self.rotation
        matrix[:-1, -1] = self.translation
        return matrix


def align_similarity(
    source: Float[np.ndarray, "n d"],
    target: Float[np.ndarray, "m d"],
    *,
    weights: Float[np.ndarray, " n"] | None = None,
) -> Similarity:
    """The similarity that minimises Σ wᵢ ‖s R sourceᵢ + t − targetᵢ‖² (Umeyama 1991, eqs. 40–43).

    Works for 2D and 3D points alike. Reflections are never returned.

    Raises:
        ShapeError: the two sets differ in shape.
        InputError: fewer points than dimensions, or all source points coincide.
    """
    return _align(source, target, weights, with_scale=True)


def align_rigid(
    source: Float[np.ndarray, "n d"],
    target: Float[np.ndarray, "m d"],
    *,
    weights: Float[np.ndarray, " n"] | None = None,
) -> Similarity:
    """The rotation and translation that minimise Σ wᵢ ‖R sourceᵢ + t − targetᵢ‖²; scale stays 1.

    Raises:
        ShapeError: the two sets differ in shape.
        InputError: fewer points than dimensions, or all source points coincide.
    """
    return _align(source, target, weights, with_scale=False)


def _align(
    source: np.ndarray, target: np.ndarray, weights: np.ndarray | None, *, with_scale: bool
) -> Similarity:
    if source.shape != target.shape:
        raise ShapeError("points to align", expected=str(source.shape), actual=target.shape)
    count, dimensions = source.shape
    if count < dimensions:
        raise InputError(f"aligning {dimensions}D points needs at least {dimensions} of them, got {count}")
    share = np.full(count, 1 / count) if weights is None else weights / weights.sum()
    source_centre, target_centre = share @ source, share @ target
    source_centred, target_centred = source - source_centre, target - target_centre
    spread = float(share @ np.einsum("nd,nd->n", source_centred, source_centred))
    if not spread > 0:
        raise InputError("the source points coincide (or are not finite), so no alignment exists")
    u, singular, vt = np.linalg.svd((target_centred * share[:, None]).T @ source_centred)
    signs = np.ones(dimensions)
    signs[-1] = np.sign(np.linalg.det(u) * np.linalg.det(vt)) or 1.0
    rotation = (u * signs) @ vt
    scale = float(singular @ signs / spread) if with_scale else 1.0
    return Similarity(scale, rotation, target_centre - scale * rotation @ source_centre)
