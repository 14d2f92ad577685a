"""What one synthetic picture shows: all random choices in plain data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mien.cameras import PICTURE_CAMERA_FROM_WORLD, Camera
from mien.geometry.rotations import matrix_from_rotation_vector, rotation_vector_from_matrix
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.region import region_from_points
from mien.synthetic.scenes.expressions import eye_joints, random_expression

IDENTITY_SPREAD = (1.0, 1.25)
"""How far identities lie from their mixture component's mean, over the prior's standard deviation."""


@dataclass(frozen=True)
class Pose:
    """Which way a face turns, radians.

    Attributes:
        yaw_rad: to the subject's left; pitch_rad: up; roll_rad: clockwise in the picture.
    """

    yaw_rad: float
    pitch_rad: float
    roll_rad: float


@dataclass(frozen=True)
class Scene:
    """A head in front of a camera.

    Attributes:
        parameters, camera, pose: geometry; the world is the camera's frame with +y up and +z to the viewer.
        face_side: side of the face's region over the picture's.
    """

    parameters: HeadParameters
    camera: Camera
    pose: Pose
    face_side: float


def random_identity(head: Head, rng: np.random.Generator) -> np.ndarray:
    """A draw from the head's mixture prior, spread a little wider than it."""
    if head.identity_mixture is None:
        return rng.normal(size=head.identity_count)
    weights, means, _ = head.identity_mixture
    component = int(rng.choice(len(weights), p=weights / weights.sum()))
    factor = _mixture_factors(head)[component]
    spread = rng.uniform(*IDENTITY_SPREAD)
    return means[component] + spread * factor @ rng.normal(size=head.identity_count)


@lru_cache(maxsize=2)
def _mixture_factors(head: Head) -> np.ndarray:
    """(G, I, I) Cholesky factors of the identity mixture's covariances."""
    assert head.identity_mixture is not None
    return np.linalg.cholesky(head.identity_mixture[2])


def random_pose(rng: np.random.Generator) -> Pose:
    """Mostly towards the camera, with a tail to full profile."""
    wide = rng.random() < 0.30
    yaw = rng.uniform(-1.571, 1.571) if wide else rng.normal(0, 0.38)
    pitch = (
        np.clip(rng.normal(-0.02, 0.24), -0.785, 0.785) if rng.random() < 0.9 else rng.uniform(-0.785, 0.785)
    )
    roll = np.clip(rng.normal(0, 0.18), -0.8, 0.8)
    return Pose(float(yaw), float(pitch), float(roll))


def random_scene(head: Head, landmark_head: Head, rng: np.random.Generator, *, size_px: int) -> Scene:
    """Draw a person, an expression, a pose and a camera that frames the face.

    Args:
        landmark_head: the head reduced to the dense703 landmarks.
        size_px: the picture is square.
    """
    expression, gaze = random_expression(head, rng)
    pose = random_pose(rng)
    joints = np.zeros((4, 3))
    joints[1] = rng.normal(0, [0.08, 0.12, 0.05])
    joints[0] = rng.normal(0, [0.05, 0.06, 0.03])
    joints[2:] = eye_joints(head, expression, gaze, vergence_rad=abs(rng.normal(0, 0.03)))
    turn = (
        matrix_from_rotation_vector(np.array([0, 0, -pose.roll_rad]))
        @ matrix_from_rotation_vector(np.array([-pose.pitch_rad, 0, 0]))
        @ matrix_from_rotation_vector(np.array([0, pose.yaw_rad, 0]))
    )
    distance_m = float(np.exp(rng.uniform(np.log(0.35), np.log(3.0))))
    parameters = HeadParameters(
        identity=random_identity(head, rng),
        expression=expression,
        joint_rotations=joints,
        root_rotation=rotation_vector_from_matrix(turn),
        root_translation_m=np.array([*(rng.normal(0, 0.08, 2) * distance_m), -distance_m]),
    )
    points_m = landmark_head.vertices_m(parameters)
    unit = Camera(np.eye(3), PICTURE_CAMERA_FROM_WORLD, 1, 1)
    region = region_from_points(unit.project(points_m) * 1000, "dense703")
    face_side = float(rng.uniform(0.56, 0.74))
    focal_px = 1000 * face_side * size_px / region.side_px
    jitter_px = rng.uniform(-0.05, 0.05, 2) * size_px
    principal = (size_px - 1) / 2 + jitter_px - region.center_px / 1000 * focal_px
    intrinsics = np.array([[focal_px, 0, principal[0]], [0, focal_px, principal[1]], [0, 0, 1.0]])
    return Scene(parameters, Camera(intrinsics, PICTURE_CAMERA_FROM_WORLD, size_px, size_px), pose, face_side)
