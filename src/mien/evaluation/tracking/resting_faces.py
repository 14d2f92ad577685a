"""What is told of faces at rest: their ARKit weights, what is left above a person's own rest, and where they
look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from mien.fitting.arkit_weights import arkit_weights
from mien.fitting.context import Context
from mien.fitting.neutral_baseline import NeutralBaseline
from mien.fitting.results import HeadTrack
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.arkit_names import ARKIT_NAMES
from mien.heads.gaze import eye_rotations
from mien.heads.model import Head
from mien.heads.parameters import JOINT_NAMES, HeadParameters

MOST_FRAMES = 60
_EYES = [JOINT_NAMES.index("left_eye"), JOINT_NAMES.index("right_eye")]


@dataclass(frozen=True, eq=False)
class RestingFaces:
    """Some frames at rest.

    Attributes:
        weights: (frames, 52) ARKit weights.
        above: (frames, 52) the same above the rest that the whole video shows (`NeutralBaseline.of_track`).
        gaze_rad: (frames, 2) how far the eyes are turned in the head, to the subject's left and down.
        past_camera_rad: (frames, 2) how far they look past the camera, likewise.
    """

    weights: Float[np.ndarray, "frames 52"]
    above: Float[np.ndarray, "frames 52"]
    gaze_rad: Float[np.ndarray, "frames 2"]
    past_camera_rad: Float[np.ndarray, "frames 2"]

    @staticmethod
    def none() -> RestingFaces:
        """Of a clip without such frames."""
        weights, angles = np.zeros((0, len(ARKIT_NAMES))), np.zeros((0, 2))
        return RestingFaces(weights, weights, angles, angles)

    @staticmethod
    def of_track(track: HeadTrack, chosen: Bool[np.ndarray, " frames"], context: Context) -> RestingFaces:
        """At most 60 of the chosen frames, evenly."""
        frames = np.flatnonzero(chosen & track.tracked)
        if not len(frames):
            return RestingFaces.none()
        if len(frames) > MOST_FRAMES:
            frames = frames[np.linspace(0, len(frames) - 1, MOST_FRAMES).round().astype(int)]
        head = context.loaded_head
        rest = NeutralBaseline.of_track(track, head=head)
        solved = [arkit_weights(track.frame(int(index)), context=context) for index in frames]
        looks = [where_they_look(head, track.parameters(int(index))) for index in frames]
        return RestingFaces(
            np.stack([each.weights for each in solved]),
            np.stack([rest.taken_off(each).weights for each in solved]),
            np.stack([in_head for in_head, _ in looks]),
            np.stack([past for _, past in looks]),
        )


def where_they_look(
    head: Head, parameters: HeadParameters
) -> tuple[Float[np.ndarray, 2], Float[np.ndarray, 2]]:
    """Mean gaze of both eyes before a camera in the world's origin, in the head and past the camera: angles
    to the subject's left and down, radians."""
    turned = eye_rotations(parameters, head.expression_names)
    pose = matrix_from_rotation_vector(parameters.root_rotation)
    for joint in ("neck", "head"):
        turn = parameters.joint_rotations[JOINT_NAMES.index(joint)]
        pose = pose @ matrix_from_rotation_vector(turn)
    ahead = np.array([0.0, 0.0, 1.0])
    gazes = np.mean([pose @ matrix_from_rotation_vector(turn) @ ahead for turn in turned], axis=0)
    # the camera is seen from the eyes, which lie some centimetres above the head's origin: 2° of gaze
    of_eyes = (head.skinning_weights[:, _EYES] > 0.5).any(axis=1)
    eyes_m = head.vertices_m(parameters)[of_eyes].mean(axis=0)
    return turned.mean(axis=0)[[1, 0]], _angles(gazes) - _angles(-eyes_m)


def _angles(direction: np.ndarray) -> np.ndarray:
    """To the left and down, of a direction in a frame whose +z looks ahead."""
    x, y, z = direction
    return np.array([np.arctan2(x, z), np.arctan2(-y, np.hypot(x, z))])
