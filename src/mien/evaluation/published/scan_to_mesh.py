"""Distance of a scan from a reconstructed mesh, as the NoW challenge measures it (Sanyal et al. 2019, §4.2).

The mesh is laid onto the scan by seven landmarks, then moved until the scan's face is nearest to it; what is
left, from every scan point of the face to the closest point of the mesh, is the error. Scale is solved for
too: one picture of a face does not tell its size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Integer

from mien.errors import ShapeError
from mien.geometry.alignment import Similarity, align_rigid, align_similarity
from mien.geometry.closest_points import closest_on_surface
from mien.geometry.exact_closest_points import exact_closest_on_surface
from mien.geometry.rotations import matrix_from_rotation_vector

SEVEN_POINTS = (36, 39, 42, 45, 33, 48, 54)
"""Of iBUG's 68: corners of both eyes, the nose's bottom, corners of the mouth."""
_RIGHT_OUTER, _RIGHT_INNER, _LEFT_INNER, _LEFT_OUTER, _NOSE_BOTTOM = range(5)

REFINE_POINTS = 2000
"""Scan points that the refinement looks at; the error is measured with all."""
_MAX_STEPS, _STILL_M, _NEIGHBOURS = 20, 3e-5, 8
_FIRST_DAMPING, _TOUCHING_M = 1e-2, 1e-7


@dataclass(frozen=True, eq=False)
class ScanToMesh:
    """Errors of one reconstruction.

    Attributes:
        distances_mm: (N,) for each scan point of the face, the distance to the closest point of the mesh.
        scan_from_mesh: how the mesh was laid onto the scan.
    """

    distances_mm: Float[np.ndarray, " points"]
    scan_from_mesh: Similarity


def scan_to_mesh(
    scan_m: Float[np.ndarray, "points 3"],
    scan_landmarks_m: Float[np.ndarray, "7 3"],
    mesh_vertices_m: Float[np.ndarray, "vertices 3"],
    mesh_triangles: Integer[np.ndarray, "triangles 3"],
    mesh_landmarks_m: Float[np.ndarray, "7 3"],
    *,
    with_scale: bool = True,
    refine_points: int = REFINE_POINTS,
    exact: bool = False,
) -> ScanToMesh:
    """Align a reconstruction with a scan and measure it.

    Args:
        scan_m: points of the scan's face (see `face_region`).
        scan_landmarks_m, mesh_landmarks_m: `SEVEN_POINTS` on both.
        with_scale: False keeps the mesh's size, where that is part of what is measured.
        refine_points: about how many scan points the refinement looks at.
        exact: measure the distances with `exact_closest_on_surface`: for meshes whose triangles differ
            wildly in size.

    Raises:
        ShapeError: there are no scan points or triangles.
        InputError: landmarks coincide.
    """
    if not len(scan_m) or not len(mesh_triangles):
        raise ShapeError("a scan's points", expected="(points, 3) with points > 0", actual=scan_m.shape)
    align = align_similarity if with_scale else align_rigid
    start = align(mesh_landmarks_m, scan_landmarks_m)
    some_m = scan_m[:: max(1, len(scan_m) // refine_points)]
    gaps = _Gaps(some_m, mesh_vertices_m, mesh_triangles)
    scan_from_mesh = _refined(gaps, start, scan_landmarks_m, with_scale=with_scale)
    placed_m = scan_from_mesh.apply(mesh_vertices_m)
    closest = exact_closest_on_surface if exact else closest_on_surface
    return ScanToMesh(1000 * closest(scan_m, placed_m, mesh_triangles).distances_m, scan_from_mesh)


def face_region(
    points_m: Float[np.ndarray, "points 3"], landmarks_m: Float[np.ndarray, "7 3"]
) -> Bool[np.ndarray, " points"]:
    """Which points count as face: those in a ball about a point a little above the nose's bottom.

    Centre and radius are those of NoW's published evaluation code: 0.3 of the way up to the middle of the
    inner eye corners, and 0.7 times the sum of the distance of the outer eye corners and the nose's length.
    """
    bridge_m = (landmarks_m[_RIGHT_INNER] + landmarks_m[_LEFT_INNER]) / 2
    nose_m = bridge_m - landmarks_m[_NOSE_BOTTOM]
    eyes_m = landmarks_m[_LEFT_OUTER] - landmarks_m[_RIGHT_OUTER]
    centre_m = landmarks_m[_NOSE_BOTTOM] + 0.3 * nose_m
    reach_m = 0.7 * float(np.linalg.norm(eyes_m) + np.linalg.norm(nose_m))
    return np.linalg.norm(points_m - centre_m, axis=1) <= reach_m


@dataclass(frozen=True, eq=False)
class _Gaps:
    """Where a placed mesh is nearest to scan points, and from which side."""

    scan_m: np.ndarray
    vertices_m: np.ndarray
    triangles: np.ndarray

    def __call__(self, scan_from_mesh: Similarity) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Closest points, unit directions from them to the scan points, and signed distances along these."""
        mesh_m = scan_from_mesh.apply(self.vertices_m)
        closest = closest_on_surface(self.scan_m, mesh_m, self.triangles, neighbours=_NEIGHBOURS)
        a, b, c = (mesh_m[self.triangles[closest.triangles, corner]] for corner in range(3))
        directions = np.cross(b - a, c - a)
        directions /= np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-30)
        # On edges and corners the gap leans: there the gap itself is the direction in which it grows.
        gaps_m = self.scan_m - closest.points_m
        apart = closest.distances_m > _TOUCHING_M
        directions[apart] = gaps_m[apart] / closest.distances_m[apart, None]
        return closest.points_m, directions, (gaps_m * directions).sum(axis=1)


def _refined(gaps: _Gaps, start: Similarity, landmarks_m: np.ndarray, *, with_scale: bool) -> Similarity:
    """The placement with the least squared distances near a start (Levenberg-Marquardt)."""
    best, damping = start, 0.0
    points_m, directions, distances_m = gaps(best)
    for _ in range(_MAX_STEPS):
        step = _step(points_m, directions, distances_m, with_scale=with_scale, damping=damping)
        moved_m = np.linalg.norm(step.apply(landmarks_m) - landmarks_m, axis=1).max()
        tried = _after(best, step)
        found = gaps(tried)
        if found[2] @ found[2] <= distances_m @ distances_m:
            best, damping = tried, damping / 10
            points_m, directions, distances_m = found
        else:
            damping = max(10 * damping, _FIRST_DAMPING)
        if moved_m < _STILL_M:
            break
    return best


def _step(
    points_m: np.ndarray,
    directions: np.ndarray,
    distances_m: np.ndarray,
    *,
    with_scale: bool,
    damping: float,
) -> Similarity:
    """The small motion of the mesh that shortens the distances most (linear least squares)."""
    centre_m = points_m.mean(axis=0)
    local_m = points_m - centre_m
    columns = [np.cross(local_m, directions), directions]
    if with_scale:
        columns.append((local_m * directions).sum(axis=1, keepdims=True))
    matrix = np.concatenate(columns, axis=1)
    size_m = np.sqrt((local_m**2).sum(axis=1).mean())
    # A turn, a shift and a growth of the same damping move the points equally far.
    weights = np.array([size_m] * 3 + [1.0] * 3 + [size_m] * with_scale) * np.sqrt(damping * len(points_m))
    matrix = np.concatenate([matrix, np.diag(weights)])
    found = np.linalg.lstsq(matrix, np.append(distances_m, np.zeros(len(weights))), rcond=None)[0]
    scale = 1 + float(found[6]) if with_scale else 1.0
    rotation = matrix_from_rotation_vector(found[:3])
    return Similarity(scale, rotation, centre_m + found[3:6] - scale * rotation @ centre_m)


def _after(first: Similarity, second: Similarity) -> Similarity:
    """Both motions, one after the other."""
    return Similarity(
        second.scale * first.scale,
        second.rotation @ first.rotation,
        second.apply(first.translation[None])[0],
    )
