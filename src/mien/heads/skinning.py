"""Linear blend skinning with a short joint chain: root, neck, head, eyes."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.parameters import JOINT_PARENTS


def joint_transforms(
    joints_m: Float[np.ndarray, "joints 3"], joint_rotations: Float[np.ndarray, "joints 3"]
) -> Float[np.ndarray, "joints 3 4"]:
    """For each joint the rigid motion of a point attached to it, rest frame to posed frame.

    Args:
        joints_m: rest positions, metres.
        joint_rotations: rotation vectors relative to the parent, radians.
    """
    transforms = np.empty((len(joints_m), 3, 4))
    for joint, parent in enumerate(JOINT_PARENTS):
        rotation = matrix_from_rotation_vector(joint_rotations[joint])
        centre_m = joints_m[joint]
        translation_m = centre_m - rotation @ centre_m
        if parent >= 0:
            translation_m = transforms[parent, :, :3] @ translation_m + transforms[parent, :, 3]
            rotation = transforms[parent, :, :3] @ rotation
        transforms[joint, :, :3] = rotation
        transforms[joint, :, 3] = translation_m
    return transforms


def skin(
    rest_m: Float[np.ndarray, "vertices 3"],
    transforms: Float[np.ndarray, "joints 3 4"],
    weights: Float[np.ndarray, "vertices joints"],
) -> Float[np.ndarray, "vertices 3"]:
    """Blend each vertex's joint motions; weight that is missing from 1 stays with the root."""
    change = np.array(transforms)
    change[:, :, :3] -= np.eye(3)
    blended = (weights @ change.reshape(len(change), 12)).reshape(-1, 3, 4)
    posed_m = rest_m + blended[:, :, 3]
    for axis in range(3):
        posed_m += blended[:, :, axis] * rest_m[:, axis, None]
    return posed_m
