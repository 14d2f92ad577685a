"""What one synthetic picture shows: all random choices in plain data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.cameras import PICTURE_CAMERA_FROM_WORLD, Camera
from mien.geometry.rotations import matrix_from_rotation_vector, rotation_vector_from_matrix
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.landmarks.region import region_from_points
from mien.synthetic.people import Person, prior_draw, random_person
from mien.synthetic.scenes.expressions import eye_joints, random_expression

IDENTITY_SPREAD = (1.0, 1.3)
"""How far identities lie from their mixture component's mean, over the prior's standard deviation."""

NEAREST_M, FARTHEST_M = 0.15, 5.0
"""From the camera to the face."""
FACE_BEFORE_ORIGIN_M = 0.10
"""How far the face lies before the head's origin."""
NEAR_ENOUGH_RAD, YAW_LIMIT_RAD, PITCH_LIMIT_RAD = np.radians([25.0, 100.0, 45.0])
FRONTAL_SHARE, TURNED_SHARE = 0.55, 0.30
"""Share of faces within 25° of yaw, and of those from there to 70°; the others go on to 100°."""
_TURNED_RAD = np.radians(70.0)


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
        person: who it is, where that was drawn too.
    """

    parameters: HeadParameters
    camera: Camera
    pose: Pose
    face_side: float
    person: Person | None = None


def random_identity(head: Head, rng: np.random.Generator) -> np.ndarray:
    """A draw from the head's mixture prior, spread a little wider than it."""
    if head.identity_mixture is None:
        return rng.normal(size=head.identity_count)
    return prior_draw(head, rng, spread=float(rng.uniform(*IDENTITY_SPREAD)))


def random_pose(rng: np.random.Generator) -> Pose:
    """Half of them nearly towards the camera, the others to beyond full profile; little roll, which crops get
    from their augmentation."""
    which = rng.random()
    if which < FRONTAL_SHARE:
        yaw = float(np.clip(rng.normal(0, 0.22), -NEAR_ENOUGH_RAD, NEAR_ENOUGH_RAD))
    else:
        turned = which < FRONTAL_SHARE + TURNED_SHARE
        low, high = (NEAR_ENOUGH_RAD, _TURNED_RAD) if turned else (_TURNED_RAD, YAW_LIMIT_RAD)
        yaw = float(rng.uniform(low, high)) * (1 if rng.random() < 0.5 else -1)
    wide = rng.random() < 0.15
    pitch = rng.uniform(-PITCH_LIMIT_RAD, PITCH_LIMIT_RAD) if wide else rng.normal(-0.02, 0.20)
    roll = np.clip(rng.normal(0, 0.15), -0.8, 0.8)
    return Pose(yaw, float(np.clip(pitch, -PITCH_LIMIT_RAD, PITCH_LIMIT_RAD)), float(roll))


def random_distance_m(rng: np.random.Generator) -> float:
    """From the camera to the face: mostly selfies to rooms, a fifth from very near, a fifth from afar."""
    part = rng.random()
    low, high = (NEAREST_M, 0.35) if part < 0.2 else (0.35, 1.6) if part < 0.8 else (1.6, FARTHEST_M)
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


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
    distance_m = random_distance_m(rng) + FACE_BEFORE_ORIGIN_M
    person = random_person(head, rng)
    parameters = HeadParameters(
        identity=person.identity,
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
    camera = Camera(intrinsics, PICTURE_CAMERA_FROM_WORLD, size_px, size_px)
    return Scene(parameters, camera, pose, face_side, person)
