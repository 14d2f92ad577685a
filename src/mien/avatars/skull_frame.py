"""The frame in which a head stands still: its skull's."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from mien.avatars.dataset import SKULL_JOINT
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.heads.skinning import joint_transforms


def head_from_skull(head: Head, parameters: HeadParameters) -> Float[np.ndarray, "4 4"]:
    """Rigid transform of the skull by the joints of neck and head, without the root."""
    out = np.eye(4)
    joints_m = head.joints_m(parameters.identity)
    out[:3] = joint_transforms(joints_m, parameters.joint_rotations)[SKULL_JOINT]
    return out


def world_from_skull(head: Head, parameters: HeadParameters) -> Float[np.ndarray, "4 4"]:
    """The skull in the world."""
    root = np.eye(4)
    root[:3, :3] = matrix_from_rotation_vector(parameters.root_rotation)
    root[:3, 3] = parameters.root_translation_m
    return root @ head_from_skull(head, parameters)


def vertices_in_skull_m(head: Head, parameters: HeadParameters) -> Float[np.ndarray, "vertices 3"]:
    """(V, 3) vertices in the skull's frame: what expression, gaze and neck do to a head that stands still."""
    place = world_from_skull(head, parameters)
    return (head.vertices_m(parameters) - place[:3, 3]) @ place[:3, :3]
