"""Distance of a scan from a reconstructed mesh, as the NoW challenge measures it (Sanyal et al. 2019, §4.2).

The mesh is laid onto the scan by seven landmarks, then moved until the scan's face is nearest to it; what is
left, from every scan point of the face to the closest point of the mesh, is the error. Scale is solved for
too: one picture of a face does not tell its size.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Integer

from mien.errors import ShapeError
from mien.geometry.alignment import Similarity, align_rigid, align_similarity
from mien.geometry.closest_points import closest_on_surface
from mien.geometry.exact_closest_points import exact_closest_on_surface
from mien.geometry.rotations import left_jacobian, matrix_from_rotation_vector
from mien.least_squares.levenberg_marquardt import LevenbergMarquardt
from mien.least_squares.normal_equations import NormalEquations

SEVEN_POINTS = (36, 39, 42, 45, 33, 48, 54)
"""Of iBUG's 68: corners of both eyes, the nose's bottom, corners of the mouth."""
_RIGHT_OUTER, _RIGHT_INNER, _LEFT_INNER, _LEFT_OUTER, _NOSE_BOTTOM = range(5)

REFINE_POINTS = 2000
"""Scan points that the refinement looks at; the error is measured with all."""

PLACEMENT_SOLVER = LevenbergMarquardt(max_iterations=30, relative_tolerance=1e-6)
"""Steps beyond 1e-6 change the RMS distances of 32 pairs of faces by less than 0.0001 mm. 1e-4 leaves
0.002 mm, and 0.009 mm between spheres, which hardly hold each other's centre."""

_NEIGHBOURS, _TOUCHING_M = 8, 1e-7


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
    problem = _PlacementProblem(
        some_m, mesh_vertices_m, mesh_triangles, start, with_scale, scan_landmarks_m.mean(axis=0)
    )
    solution = PLACEMENT_SOLVER.solve(problem, np.zeros(problem.size))
    scan_from_mesh = problem.placement(solution.x)
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
    """Where a placed mesh is nearest to scan points, and from which side.

    Attributes:
        closest_m: (N, 3) points of the placed mesh.
        directions: (N, 3) unit vectors from them to the scan points.
        distances_m: (N,) signed, along these.
    """

    closest_m: np.ndarray
    directions: np.ndarray
    distances_m: np.ndarray

    @staticmethod
    def of(placement: Similarity, scan_m: np.ndarray, vertices_m: np.ndarray, triangles: np.ndarray) -> _Gaps:
        mesh_m = placement.apply(vertices_m)
        closest = closest_on_surface(scan_m, mesh_m, triangles, neighbours=_NEIGHBOURS)
        a, b, c = (mesh_m[triangles[closest.triangles, corner]] for corner in range(3))
        directions = np.cross(b - a, c - a)
        directions /= np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-30)
        # On edges and corners the gap leans: there the gap itself is the direction in which it grows.
        gaps_m = scan_m - closest.points_m
        apart = closest.distances_m > _TOUCHING_M
        directions[apart] = gaps_m[apart] / closest.distances_m[apart, None]
        return _Gaps(closest.points_m, directions, (gaps_m * directions).sum(axis=1))


@dataclass(frozen=True, eq=False)
class _PlacementProblem:
    """Least squared distances of scan points from a mesh that moves, and grows where its scale is free.

    Unknowns, all 0 at the start: the turn about a centre (a rotation vector), the shift in metres, and the
    logarithm of the growth.

    Attributes:
        scan_m: (N, 3) points that stay.
        vertices_m, triangles: of the mesh, before `start` lays it near the scan.
        with_scale: whether it may grow.
        centre_m: (3,) near the scan's middle, so that turn and shift hardly depend on each other.
    """

    scan_m: np.ndarray
    vertices_m: np.ndarray
    triangles: np.ndarray
    start: Similarity
    with_scale: bool
    centre_m: np.ndarray
    _last: tuple[np.ndarray, _Gaps] | None = field(default=None, init=False, repr=False)

    @property
    def size(self) -> int:
        return 7 if self.with_scale else 6

    def gaps(self, x: np.ndarray) -> _Gaps:
        """The last is kept: solvers linearise where they just asked for the cost."""
        if self._last is None or not np.array_equal(self._last[0], x):
            placement = self.placement(x)
            gaps = _Gaps.of(placement, self.scan_m, self.vertices_m, self.triangles)
            object.__setattr__(self, "_last", (x.copy(), gaps))
        assert self._last is not None
        return self._last[1]

    def placement(self, x: np.ndarray) -> Similarity:
        """The start, moved."""
        turn = matrix_from_rotation_vector(x[:3])
        growth = float(np.exp(x[6])) if self.with_scale else 1.0
        return Similarity(
            growth * self.start.scale,
            turn @ self.start.rotation,
            growth * turn @ (self.start.translation - self.centre_m) + self.centre_m + x[3:6],
        )

    def cost(self, x: np.ndarray) -> float:
        distances_m = self.gaps(x).distances_m
        return 0.5 * float(distances_m @ distances_m)

    def linearize(self, x: np.ndarray, *, near: NormalEquations | None = None) -> NormalEquations:
        """Normal equations of the distances to the planes that the closest points lie in (Chen and Medioni
        1992); nothing is taken over from `near`."""
        gaps = self.gaps(x)
        arms_m = gaps.closest_m - self.centre_m - x[3:6]
        jacobian_t = np.empty((self.size, len(arms_m)))
        # A mesh that comes nearer makes the gap smaller.
        jacobian_t[:3] = -left_jacobian(x[:3]).T @ np.cross(arms_m, gaps.directions).T
        jacobian_t[3:6] = -gaps.directions.T
        if self.with_scale:
            jacobian_t[6] = -(arms_m * gaps.directions).sum(axis=1)
        normal = NormalEquations.zeros(self.size)
        normal.add_dense(gaps.distances_m, jacobian_t, cost=self.cost(x))
        return normal
