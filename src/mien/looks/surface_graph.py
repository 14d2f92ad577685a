"""Smooth fields on the skin: values known at some vertices, carried to all others along the mesh."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float

from mien.heads.model import Head


def smooth_field(
    head: Head,
    values: Float[np.ndarray, "vertices channels"],
    weights: Float[np.ndarray, " vertices"],
    *,
    stiffness: float,
    prior_weight: float,
    iterations: int = 60,
) -> Float[np.ndarray, "vertices channels"]:
    """The field x that minimises Σ wᵢ |xᵢ − valuesᵢ|² + stiffness Σ |xᵢ − xⱼ|² over edges + prior Σ |xᵢ|².

    Where the weights are zero this is a screened membrane: it takes the values at the border of what is known
    and fades to zero far from it.

    Args:
        values: (V, C), of any value where the weight is zero.
        weights: (V,).
        iterations: at most, of conjugate gradients (Hestenes & Stiefel 1952).
    """
    laplacian = _laplacian(head)
    diagonal = weights + prior_weight
    right = weights[:, None] * np.where(weights[:, None] > 0, values, 0.0)

    def apply(x: np.ndarray) -> np.ndarray:
        return diagonal[:, None] * x + stiffness * (laplacian @ x)

    # Vertices without edges, weight or prior stay at zero.
    preconditioner = 1 / np.maximum(diagonal + stiffness * laplacian.diagonal(), 1e-9)[:, None]
    x = right / np.maximum(diagonal[:, None], 1e-12) * (weights[:, None] > 0)
    residual = right - apply(x)
    z = preconditioner * residual
    direction, energy = z.copy(), (residual * z).sum(axis=0)
    first = np.maximum(energy, 1e-30)
    for _ in range(iterations):
        if (energy <= 1e-8 * first).all():
            break
        along = apply(direction)
        step = energy / np.maximum((direction * along).sum(axis=0), 1e-30)
        x += step * direction
        residual -= step * along
        z = preconditioner * residual
        following = (residual * z).sum(axis=0)
        direction = z + following / np.maximum(energy, 1e-30) * direction
        energy = following
    return x


@lru_cache(maxsize=8)
def _laplacian(head: Head) -> Any:
    """(V, V) sparse: degree minus adjacency."""
    from scipy.sparse import coo_matrix, diags

    t = head.triangles
    rows = np.concatenate([t[:, 0], t[:, 1], t[:, 2], t[:, 1], t[:, 2], t[:, 0]])
    columns = np.concatenate([t[:, 1], t[:, 2], t[:, 0], t[:, 0], t[:, 1], t[:, 2]])
    shape = (head.vertex_count, head.vertex_count)
    adjacency = coo_matrix((np.ones(len(rows)), (rows, columns)), shape).tocsr()
    adjacency.data[:] = 1.0
    return (diags(np.asarray(adjacency.sum(axis=1)).ravel()) - adjacency).tocsr()
