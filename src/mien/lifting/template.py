"""The mean of many heads' landmarks, which a face's own are told as offsets from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.geometry.alignment import align_similarity
from mien.lifting.visibility import ellipsoid_normals

_FEWEST = 8
"""A head with fewer known landmarks is left as it lies."""


@dataclass(frozen=True, eq=False)
class LandmarkTemplate:
    """A mean face.

    Attributes:
        points_m: (L, 3) in the frame in which faces look along +z.
        normals: (L, 3) unit vectors.
        set_name: what the landmarks are called.
    """

    points_m: Float[np.ndarray, "landmarks 3"]
    normals: Float[np.ndarray, "landmarks 3"]
    set_name: str


def template_of(points_m: Float[np.ndarray, "heads landmarks 3"], set_name: str) -> LandmarkTemplate:
    """The landmark-wise mean of labels; NaN are left out."""
    mean_m = np.nanmean(points_m, axis=0)
    return LandmarkTemplate(mean_m, ellipsoid_normals(mean_m), set_name)


def laid_on_their_mean(
    points_m: Float[np.ndarray, "heads landmarks 3"], *, rounds: int = 4
) -> Float[np.ndarray, "heads 3 4"]:
    """For each head the similarity (s Q | d) that lays its landmarks on the mean of all, as large as before.

    A picture does not tell how large a head is, and where a head's own frame lies is a matter of taste: taken
    away, what is left is the face.
    """
    found = np.tile(np.eye(3, 4), (len(points_m), 1, 1))
    mean_m = np.nanmean(points_m, axis=0)
    size = _spread(mean_m)
    for _ in range(rounds):
        laid = np.full(points_m.shape, np.nan)
        for row, head in enumerate(points_m):
            known = np.isfinite(head).all(axis=1) & np.isfinite(mean_m).all(axis=1)
            if known.sum() >= _FEWEST:
                found[row] = align_similarity(head[known], mean_m[known]).matrix[:3]
                laid[row] = head @ found[row, :, :3].T + found[row, :, 3]
        mean_m = np.nanmean(laid, axis=0)
        centre = np.nanmean(mean_m, axis=0)
        mean_m = centre + (mean_m - centre) * (size / _spread(mean_m))
    return found


def _spread(points_m: np.ndarray) -> float:
    return float(np.sqrt(np.nansum(np.nanvar(points_m, axis=0))))
