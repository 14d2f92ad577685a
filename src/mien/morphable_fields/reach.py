"""How far an edit reaches: shapes of the head move cheeks and ears with a mouth, and a hand did not."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float

from mien.heads.model import Head
from mien.morphable_fields.nearby_points import FAR_M, nearest_skin, surface_distances_m

WHOLE_M, NOTHING_M = 0.030, 0.055
"""Along the skin from a moved landmark, so far all follows, and from there on nothing does."""


def follow_share(head: Head, moved: Bool[np.ndarray, " 68"]) -> Float[np.ndarray, " vertices"]:
    """How much of an edit's change of shape each vertex takes part in; smooth between 1 and 0.

    Teeth, tongue and eyes go as a whole, as the skin around them.

    Args:
        moved: landmarks that were moved.
    """
    distance_m = _everywhere_m(head)[moved].min(axis=0, initial=FAR_M)
    share = _smooth((NOTHING_M - distance_m) / (NOTHING_M - WHOLE_M))
    for part in _inner_parts(head):
        share[part] = share[part].mean()
    return share


def _smooth(share: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    share = np.clip(share, 0.0, 1.0)
    return share * share * (3 - 2 * share)


@lru_cache(maxsize=2)
def _everywhere_m(head: Head) -> Float[np.ndarray, "68 vertices"]:
    """Distances along the skin, of what is no skin those of the skin nearest to it."""
    distances_m = surface_distances_m(head).copy()
    inner = np.unique(
        np.concatenate([*_inner_parts(head), np.flatnonzero((distances_m >= FAR_M).all(axis=0))])
    )
    distances_m[:, inner] = distances_m[:, nearest_skin(head, head.mean_m[inner])]
    return distances_m


@lru_cache(maxsize=2)
def _inner_parts(head: Head) -> tuple[np.ndarray, ...]:
    """Vertices of each part that moves as a whole."""
    names = [name for name in head.part_names if name.endswith(("teeth", "gums", "tongue", "eye", "cornea"))]
    return tuple(np.flatnonzero(head.vertex_parts == head.part_names.index(name)) for name in names)
