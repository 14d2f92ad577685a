"""Errors that Simic's thesis reports (§4.1), and FaceLift's local consistency.

The thesis names no alignment: what is compared is in one frame already. Every function takes whole test sets,
first axis the pictures, and averages over pictures and points alike.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Integer

from mien.errors import ShapeError


def mean_landmark_error_px(
    estimated_px: Float[np.ndarray, "pictures landmarks 2"],
    true_px: Float[np.ndarray, "pictures landmarks 2"],
) -> float:
    """MLME (thesis, eq. 4.1): mean distance of estimated from true landmarks, pixels.

    Raises:
        ShapeError: the two differ in shape.
    """
    return _mean_distance("estimated landmarks", estimated_px, true_px)


def mean_vertex_error_mm(
    estimated_m: Float[np.ndarray, "pictures vertices 3"],
    true_m: Float[np.ndarray, "pictures vertices 3"],
    *,
    vertices: Integer[np.ndarray, " chosen"] | None = None,
) -> float:
    """MVE (thesis, eq. 4.2): mean distance of estimated from true vertices, millimetres.

    Args:
        vertices: the subset that counts; the thesis reports the face (1609 of FLAME's vertices) and the head
            without the neck (4757).

    Raises:
        ShapeError: the two differ in shape.
    """
    if vertices is not None:
        estimated_m, true_m = estimated_m[:, vertices], true_m[:, vertices]
    return 1000 * _mean_distance("estimated vertices", estimated_m, true_m)


def mean_reprojected_landmark_error_px(
    reprojected_px: Float[np.ndarray, "pictures landmarks 2"],
    landmarks_px: Float[np.ndarray, "pictures landmarks 2"],
) -> float:
    """MRLE (thesis, eq. 4.3): mean distance of a fitted head's projected vertices from the landmarks that
    it was fitted to, pixels. It tells how well the fit follows its input, not whether either is right.

    Raises:
        ShapeError: the two differ in shape.
    """
    return _mean_distance("projected vertices", reprojected_px, landmarks_px)


def local_consistency(
    predicted_px: Float[np.ndarray, "pictures landmarks 2"],
    projected_vertices_px: Float[np.ndarray, "pictures vertices 2"],
    box_sizes_px: Float[np.ndarray, "pictures 2"],
) -> tuple[float, Integer[np.ndarray, " landmarks"]]:
    """NMLC (FaceLift, eqs. 5 and 6): the normalised error after giving each landmark, once for the whole test
    set, the vertex that suits it best. A landmark that always means another place than the labels do costs
    nothing; one that wanders does.

    Args:
        box_sizes_px: width and height of each face's box; errors are divided by the root of its area.

    Returns:
        The error as a share (not percent), and the vertex of each landmark.

    Raises:
        ShapeError: not the same number of pictures.
    """
    if not len(predicted_px) == len(projected_vertices_px) == len(box_sizes_px):
        raise ShapeError("predicted landmarks", expected=f"({len(projected_vertices_px)}, landmarks, 2)",
                         actual=predicted_px.shape)  # fmt: skip
    weight = 1 / np.sqrt(box_sizes_px.prod(axis=1))
    errors = np.zeros((predicted_px.shape[1], projected_vertices_px.shape[1]))
    for landmarks_px, vertices_px, share in zip(predicted_px, projected_vertices_px, weight, strict=True):
        errors += share * np.linalg.norm(landmarks_px[:, None] - vertices_px[None], axis=2)
    chosen = errors.argmin(axis=1)
    return float(errors.min(axis=1).mean() / len(predicted_px)), chosen


def _mean_distance(what: str, estimated: np.ndarray, true: np.ndarray) -> float:
    if estimated.shape != true.shape:
        raise ShapeError(what, expected=str(true.shape), actual=estimated.shape)
    return float(np.linalg.norm(estimated - true, axis=-1).mean())
