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
from mien.geometry.rotations import matrix_from_rotation_vector

SEVEN_POINTS = (36, 39, 42, 45, 33, 48, 54)
"""Of iBUG's 68: corners of both eyes, the nose's bottom, corners of the mouth."""
_RIGHT_OUTER, _RIGHT_INNER, _LEFT_INNER, _LEFT_OUTER, _NOSE_BOTTOM = range(5)

REFINE_POINTS = 2000
"""Scan points that the refinement looks at; the error is measured with all."""
_MOST_STEPS, _STILL_M, _NEIGHBOURS = 20, 3e-5, 8


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
) -> ScanToMesh:
    """Align a reconstruction with a scan and measure it.

    Args:
        scan_m: points of the scan's face (see `face_region`).
        scan_landmarks_m, mesh_landmarks_m: `SEVEN_POINTS` on both.
        with_scale: False keeps the mesh's size, where that is part of what is measured.

    Raises:
        ShapeError: there are no scan points or triangles.
        InputError: landmarks coincide.
    """
    if not len(scan_m) or not len(mesh_triangles):
        raise ShapeError("a scan's points", expected="(points, 3) with points > 0", actual=scan_m.shape)
    align = align_similarity if with_scale else align_rigid
    scan_from_mesh = align(mesh_landmarks_m, scan_landmarks_m)
    some_m = scan_m[:: max(1, len(scan_m) // REFINE_POINTS)]
    for _ in range(_MOST_STEPS):
        placed_m = scan_from_mesh.apply(mesh_vertices_m)
        step = _point_to_plane_step(some_m, placed_m, mesh_triangles, with_scale=with_scale)
        scan_from_mesh = _after(scan_from_mesh, step)
        if np.linalg.norm(step.apply(scan_landmarks_m) - scan_landmarks_m, axis=1).max() < _STILL_M:
            break
    placed_m = scan_from_mesh.apply(mesh_vertices_m)
    return ScanToMesh(1000 * closest_on_surface(scan_m, placed_m, mesh_triangles).distances_m, scan_from_mesh)


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


def _point_to_plane_step(
    scan_m: np.ndarray, mesh_m: np.ndarray, triangles: np.ndarray, *, with_scale: bool
) -> Similarity:
    """The small motion of the mesh that brings its tangent planes to the scan points (least squares)."""
    closest = closest_on_surface(scan_m, mesh_m, triangles, neighbours=_NEIGHBOURS)
    a, b, c = (mesh_m[triangles[closest.triangles, corner]] for corner in range(3))
    normals = np.cross(b - a, c - a)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-30)
    centre_m = closest.points_m.mean(axis=0)
    local_m = closest.points_m - centre_m
    columns = [np.cross(local_m, normals), normals]
    if with_scale:
        columns.append((local_m * normals).sum(axis=1, keepdims=True))
    gaps_m = ((scan_m - closest.points_m) * normals).sum(axis=1)
    found = np.linalg.lstsq(np.concatenate(columns, axis=1), gaps_m, rcond=None)[0]
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
