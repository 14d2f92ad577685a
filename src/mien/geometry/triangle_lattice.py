"""Points that cover the triangles of a mesh evenly."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def triangle_lattice(
    corners_m: Float[np.ndarray, "t 3 3"], spacing_m: float
) -> tuple[np.ndarray, np.ndarray]:
    """Points that cover triangles evenly: the middles of the small triangles that each is cut into.

    Args:
        spacing_m: longest side of the small triangles; a side is cut into 24 pieces at most.

    Returns:
        (P,) the triangle of each point, and (P, 3) its barycentric weights.
    """
    edges = np.linalg.norm(corners_m - np.roll(corners_m, 1, axis=1), axis=2).max(axis=1)
    pieces = np.clip(np.ceil(edges / spacing_m), 1, 24).astype(int)
    triangles, weights = [], []
    for count in np.unique(pieces):
        members = np.flatnonzero(pieces == count)
        i, j = np.meshgrid(np.arange(count), np.arange(count), indexing="ij")
        up = (i + j < count).ravel()
        down = (i + j < count - 1).ravel()
        ij = np.stack([i.ravel(), j.ravel()], axis=1)
        first = np.concatenate([ij[up] + 1 / 3, ij[down] + 2 / 3]) / count
        bary = np.concatenate([first, 1 - first.sum(axis=1, keepdims=True)], axis=1)
        triangles.append(np.repeat(members, len(bary)))
        weights.append(np.tile(bary, (len(members), 1)))
    return np.concatenate(triangles), np.concatenate(weights)
