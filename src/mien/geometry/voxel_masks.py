"""Shapes on voxel grids, with types: SciPy's morphology on (X, Y, Z) masks."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

Mask = Bool[np.ndarray, "*grid"]


def _scipy() -> Any:
    from scipy import ndimage  # its stubs do not say what its functions return

    return ndimage


def regions(mask: Mask, *, diagonal: bool = False) -> Int[np.ndarray, "*grid"]:
    """The number (from 1) of the connected part that each voxel belongs to, 0 outside of the mask."""
    structure = np.ones((3,) * mask.ndim) if diagonal else None
    return _scipy().label(mask, structure=structure)[0]


def distance_to_empty(mask: Mask) -> Float[np.ndarray, "*grid"]:
    """Voxels from each voxel of the mask to the nearest one outside of it; 0 outside."""
    return _scipy().distance_transform_edt(mask)


def nearest_in(mask: Mask) -> Int[np.ndarray, "*grid"]:
    """The flat index of the mask's voxel that is nearest to each voxel."""
    places = _scipy().distance_transform_edt(~mask, return_distances=False, return_indices=True)
    return np.asarray(np.ravel_multi_index(tuple(places), mask.shape))


def closed(mask: Mask, steps: int) -> Mask:
    """Grown and shrunk again: gaps up to twice as many voxels wide are closed."""
    return _scipy().binary_closing(mask, iterations=steps)


def dilated(mask: Mask, steps: int) -> Mask:
    """Grown by so many voxels."""
    return _scipy().binary_dilation(mask, iterations=steps)


def eroded(mask: Mask, steps: int) -> Mask:
    """Shrunk by so many voxels."""
    return _scipy().binary_erosion(mask, iterations=steps)


def without_holes(mask: Mask) -> Mask:
    """With everything that it encloses."""
    return _scipy().binary_fill_holes(mask)
