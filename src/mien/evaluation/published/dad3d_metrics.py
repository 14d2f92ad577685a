"""The four metrics of DAD-3DHeads (Martyniuk et al. 2022, §5), as its published code computes them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Integer

from mien.errors import ShapeError
from mien.geometry.alignment import align_similarity

INNER_EYE_CORNERS = (1, 2)
"""Of the seven points."""
STANDARD_INNER_EYE_DISTANCE = 20.0
"""True meshes are scaled to this distance of the inner eye corners before the chamfer distance."""


def nme_percent(
    predicted_px: Float[np.ndarray, "68 2"],
    true_px: Float[np.ndarray, "68 2"],
    box_size_px: tuple[float, float],
) -> float:
    """Mean distance of the 68 points over √(width · height) of the head's box, percent."""
    distances_px = np.linalg.norm(predicted_px - true_px, axis=-1)
    return float(100 * distances_px.mean() / np.sqrt(box_size_px[0] * box_size_px[1]))


def pose_error(predicted: Float[np.ndarray, "3 3"], true: Float[np.ndarray, "3 3"]) -> float:
    """‖I − R_predicted R_trueᵀ‖, Frobenius: 2√2 sin(angle / 2) for rotations."""
    return float(np.linalg.norm(np.eye(3) - predicted @ true.T))


def chamfer_distance(
    predicted: Float[np.ndarray, "points 3"],
    predicted_seven: Float[np.ndarray, "7 3"],
    true: Float[np.ndarray, "vertices 3"],
    true_seven: Float[np.ndarray, "7 3"],
    face: Integer[np.ndarray, " face"],
) -> float:
    """One-sided chamfer distance: the mean over the true face's vertices of the *squared* distance to the
    nearest predicted point, after a similarity of the seven points.

    In units in which the true inner eye corners are 20 apart (`STANDARD_INNER_EYE_DISTANCE`), squared: that
    is what the published code's library returns.

    Args:
        predicted: any number of points, in any unit.
        face: vertices of `true` that count.
    """
    from scipy.spatial import cKDTree

    right, left = INNER_EYE_CORNERS
    scale = STANDARD_INNER_EYE_DISTANCE / np.linalg.norm(true_seven[right] - true_seven[left])
    placed = align_similarity(predicted_seven, scale * true_seven).apply(predicted)
    return float((cKDTree(placed).query(scale * true[face])[0] ** 2).mean())


def ordinal_depth(
    predicted: Float[np.ndarray, "vertices 3"], true: Float[np.ndarray, "vertices 3"], *, neighbours: int = 5
) -> float:
    """Zₙ as the paper defines it: of all pairs of a vertex and one of its n nearest in the true mesh, the
    share whose order in depth is predicted right.

    Args:
        predicted, true: corresponding vertices, depth in the last column.
    """
    from scipy.spatial import cKDTree

    _same_shape(predicted, true)
    near = cKDTree(true).query(true, k=neighbours + 1)[1][:, 1:]
    return _ordered_alike(predicted[:, 2], true[:, 2], near)


def ordinal_depth_published(
    predicted: Float[np.ndarray, "vertices 3"], true: Float[np.ndarray, "vertices 3"], *, neighbours: int = 5
) -> float:
    """Zₙ as the published code computes it, for comparison with published figures.

    It sorts the matrix of distances along its first axis and then takes columns 1 … n, so that vertex i is
    compared with the i-th nearest vertices of vertices 1 … n, not with its own nearest ones.
    """
    _same_shape(predicted, true)
    columns = true[1 : neighbours + 1]
    distances = np.linalg.norm(true[:, None] - columns[None], axis=2)
    return _ordered_alike(predicted[:, 2], true[:, 2], distances.argsort(axis=0, kind="stable"))


def _same_shape(predicted: np.ndarray, true: np.ndarray) -> None:
    if predicted.shape != true.shape:
        raise ShapeError("predicted vertices", expected=str(true.shape), actual=predicted.shape)


def _ordered_alike(predicted: np.ndarray, true: np.ndarray, partners: np.ndarray) -> float:
    in_truth = true[:, None] >= true[partners]
    in_prediction = predicted[:, None] >= predicted[partners]
    return float((in_truth == in_prediction).mean())
