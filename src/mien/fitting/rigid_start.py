"""A first pose from landmarks alone: scaled orthography, then a few perspective corrections."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from mien.cameras import Camera
from mien.fitting.scene.fit_model import FitModel
from mien.fitting.scene.head_problem import HeadProblem
from mien.fitting.scene.head_state import HeadScene
from mien.fitting.scene.unknowns import Unknowns
from mien.fitting.terms.landmarks import LandmarkTerm, face_radius_px
from mien.geometry.rotations import matrix_from_rotation_vector, rotation_vector_from_matrix
from mien.heads.parameters import HeadParameters
from mien.landmarks.types import Landmarks2D
from mien.least_squares.levenberg_marquardt import LevenbergMarquardt
from mien.least_squares.solution import Solution

GOOD_RESIDUAL = 0.2
"""RMS residual of a rigid fit, over the face's radius in the picture, up to which one start is enough: other
people's shapes and expressions make 0.05 to 0.12."""

RIGID_SOLVER = LevenbergMarquardt(max_iterations=12, relative_tolerance=1e-4)

_POSIT_ROUNDS = 4


def rigid_start(
    model: FitModel,
    landmarks: Landmarks2D,
    term: LandmarkTerm,
    *,
    camera: Camera,
    base: HeadParameters,
) -> tuple[HeadParameters, Solution]:
    """Root pose of the head `base` that explains landmarks best, with all else fixed.

    When the closed-form start ends in a bad place, starts from other views of the head are tried and the best
    solution is kept.

    Returns:
        `base` with its root pose replaced, and how the solve went.
    """
    first = _solve(model, term, camera, orthographic_pose(model, term, camera=camera, base=base))
    best = first
    if _residual(first[1], landmarks, model, camera, base) > GOOD_RESIDUAL:
        for start in _other_starts(first[0]):
            found = _solve(model, term, camera, start)
            if found[1].status.usable and not found[1].cost >= best[1].cost:
                best = found
    return best


def orthographic_pose(
    model: FitModel, term: LandmarkTerm, *, camera: Camera, base: HeadParameters
) -> HeadParameters:
    """Root pose by iterated scaled orthography (DeMenthon and Davis 1995, POSIT), weighted by 1 / σ².

    An affine camera is fitted to all points; the nearest pair of orthogonal rows of equal length is its
    rotation and scale; each round then undoes the perspective that the pose found implies.
    """
    scene = HeadScene(model, Unknowns(), base, camera)
    head_m = scene.fixed_rest_m.T
    weights = term.precision**2
    share = weights / weights.sum()
    centre_m = share @ head_m
    local_m = head_m - centre_m
    plane, principal_px = camera.intrinsics[:2, :2], camera.intrinsics[:2, 2]
    seen = (term.target_px.T - principal_px) @ np.linalg.inv(plane).T
    moment = (local_m * share[:, None]).T @ local_m
    # Nearly flat sets (one eye, say) leave a direction undetermined; a little stiffness keeps it harmless.
    inverse_moment = np.linalg.inv(moment + 1e-6 * np.trace(moment) * np.eye(3))
    perspective = np.ones(len(seen))
    for _ in range(_POSIT_ROUNDS):
        flat = seen * perspective[:, None]
        middle = share @ flat
        affine = ((flat - middle) * share[:, None]).T @ local_m @ inverse_moment
        u, singular, vt = np.linalg.svd(affine, full_matrices=False)
        rows = u @ vt
        scale = max(float(singular.mean()), 1e-9)
        rotation = np.vstack([rows, np.cross(rows[0], rows[1])])
        # Depth relative to the centre's; the clip keeps a bad round from turning points inside out.
        perspective = np.clip(1 + scale * (local_m @ rotation[2]), 0.5, 2.0)
    origin_m = np.append(middle, 1) / scale - rotation @ centre_m
    world_from_camera = camera.world_from_camera
    root = world_from_camera[:3, :3] @ rotation
    return replace(
        base,
        root_rotation=rotation_vector_from_matrix(root),
        root_translation_m=world_from_camera[:3, :3] @ origin_m + world_from_camera[:3, 3],
    )


def _solve(
    model: FitModel, term: LandmarkTerm, camera: Camera, start: HeadParameters
) -> tuple[HeadParameters, Solution]:
    problem = HeadProblem(HeadScene(model, Unknowns(), start, camera), (term,))
    solution = RIGID_SOLVER.solve(problem, problem.start())
    return (problem.parameters(solution.x) if solution.status.usable else start), solution


def _residual(
    solution: Solution, landmarks: Landmarks2D, model: FitModel, camera: Camera, base: HeadParameters
) -> float:
    """RMS distance of the rigid fit from trusted landmarks, over the face's radius."""
    if not solution.status.usable:
        return float("inf")
    problem = HeadProblem(HeadScene(model, Unknowns(), base, camera), ())
    offsets_px = problem.state(solution.x).points_px.T - landmarks.points_px
    squared = (offsets_px[landmarks.known] ** 2).sum(axis=1)
    return float(np.sqrt(np.median(squared))) / max(face_radius_px(landmarks), 1e-9)


def _other_starts(found: HeadParameters) -> list[HeadParameters]:
    """The same place and size seen upright, from the sides and with the depth mirrored."""
    matrix = matrix_from_rotation_vector(found.root_rotation)
    # In-plane turn of the head's up direction, kept for the views that are built anew.
    roll = float(np.arctan2(-matrix[0, 1], matrix[1, 1]))
    starts = []
    for roll_rad in (roll, 0.0):
        for yaw_rad in (0.0, 0.9, -0.9):
            turned = matrix_from_rotation_vector(
                np.array([0.0, 0.0, roll_rad])
            ) @ matrix_from_rotation_vector(np.array([0.0, yaw_rad, 0.0]))
            starts.append(replace(found, root_rotation=rotation_vector_from_matrix(turned)))
    # Mirrored in depth: the other reading of a scaled orthographic picture.
    flip = np.diag([1.0, 1.0, -1.0])
    mirrored = flip @ matrix @ np.diag([1.0, 1.0, -1.0])
    starts.append(replace(found, root_rotation=rotation_vector_from_matrix(mirrored)))
    return [replace(start, root_translation_m=_in_front(found.root_translation_m)) for start in starts]


def _in_front(translation_m: Float[np.ndarray, " 3"]) -> Float[np.ndarray, " 3"]:
    return translation_m if np.isfinite(translation_m).all() else np.array([0.0, 0.0, -0.6])
