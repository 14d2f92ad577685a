"""What every animation format needs from a fit or a track: one person and a row per frame."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Integer

from mien.fitting.results import HeadFit, HeadTrack
from mien.geometry.rotations import matrix_from_rotation_vector, rotation_vector_from_matrix
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters


@dataclass(frozen=True, eq=False)
class HeadMotion:
    """One person's frames, every one of them usable.

    Attributes:
        times_s: (F,) on the video's own clock, on which its sound begins at about 0; not below 0 and strictly
            increasing, in float32 too.
        identity: (I,); expression: (F, E); joint_rotations: (F, 4, 3) and root_rotation: (F, 3) rotation
            vectors, radians; root_translation_m: (F, 3).
        frames_per_second: nominal rate.
    """

    times_s: Float[np.ndarray, " frames"]
    identity: Float[np.ndarray, " identity"]
    expression: Float[np.ndarray, "frames expression"]
    joint_rotations: Float[np.ndarray, "frames 4 3"]
    root_rotation: Float[np.ndarray, "frames 3"]
    root_translation_m: Float[np.ndarray, "frames 3"]
    frames_per_second: float

    def __len__(self) -> int:
        return len(self.times_s)

    @staticmethod
    def of_parameters(parameters: HeadParameters) -> HeadMotion:
        """A single frame."""
        return HeadMotion(
            times_s=np.zeros(1),
            identity=parameters.identity,
            expression=parameters.expression[None],
            joint_rotations=parameters.joint_rotations[None],
            root_rotation=parameters.root_rotation[None],
            root_translation_m=parameters.root_translation_m[None],
            frames_per_second=60.0,
        )

    @staticmethod
    def of_track(track: HeadTrack) -> HeadMotion:
        """All frames of a track; a lost frame holds the last tracked one (before the first: the first)."""
        held = _held_frames(track.tracked)
        times_s = track.times_s
        if len(times_s) and times_s[0] < 0:  # files know no time before zero
            times_s = times_s - times_s[0]
        if np.any(np.diff(times_s.astype(np.float32)) <= 0):  # broken time stamps: fall back on the rate
            times_s = np.arange(len(track)) / track.frames_per_second
        return HeadMotion(
            times_s=times_s,
            identity=track.identity,
            expression=track.expression[held],
            joint_rotations=track.joint_rotations[held],
            root_rotation=track.root_rotation[held],
            root_translation_m=track.root_translation_m[held],
            frames_per_second=track.frames_per_second,
        )

    @staticmethod
    def of(result: Head | HeadFit | HeadTrack) -> HeadMotion:
        """The motion in anything that can be exported; a bare head stands at rest at the origin."""
        if isinstance(result, HeadTrack):
            return HeadMotion.of_track(result)
        return HeadMotion.of_parameters(result.neutral() if isinstance(result, Head) else result.parameters)

    def first_frame(self) -> HeadParameters:
        """The head in the first frame."""
        return HeadParameters(
            identity=self.identity,
            expression=self.expression[0],
            joint_rotations=self.joint_rotations[0],
            root_rotation=self.root_rotation[0],
            root_translation_m=self.root_translation_m[0],
        )

    def world_from_head(self) -> Float[np.ndarray, "4 4"]:
        """Where the head is on average: the root's mean place and mean rotation."""
        from scipy.spatial.transform import Rotation

        pose = np.eye(4)
        pose[:3, :3] = Rotation.from_rotvec(self.root_rotation).mean().as_matrix()
        pose[:3, 3] = self.root_translation_m.mean(axis=0)
        return pose

    def moved(self, new_from_world: Float[np.ndarray, "4 4"]) -> HeadMotion:
        """The same frames in another world, by a rigid transform."""
        from scipy.spatial.transform import Rotation

        turn = Rotation.from_matrix(new_from_world[:3, :3])
        return replace(
            self,
            root_rotation=(turn * Rotation.from_rotvec(self.root_rotation)).as_rotvec(),
            root_translation_m=self.root_translation_m @ new_from_world[:3, :3].T + new_from_world[:3, 3],
        )

    def at_rest(self) -> HeadMotion:
        """One frame in which the person's face, neck and eyes are at rest, where the head is on average."""
        pose = self.world_from_head()
        return replace(
            self,
            times_s=np.zeros(1),
            expression=np.zeros_like(self.expression[:1]),
            joint_rotations=np.zeros_like(self.joint_rotations[:1]),
            root_rotation=rotation_vector_from_matrix(pose[:3, :3])[None],
            root_translation_m=pose[None, :3, 3],
        )


def _held_frames(tracked: np.ndarray) -> Integer[np.ndarray, " frames"]:
    if not tracked.any():
        return np.arange(len(tracked))
    latest = np.maximum.accumulate(np.where(tracked, np.arange(len(tracked)), -1))
    return np.where(latest >= 0, latest, int(np.argmax(tracked)))


def head_angles_rad(
    root_rotation: Float[np.ndarray, 3], joint_rotations: Float[np.ndarray, "4 3"]
) -> tuple[float, float, float]:
    """Yaw, pitch, roll of the skull in the world: R = R_y(yaw) R_x(pitch) R_z(roll).

    Positive yaw turns to the subject's left, positive pitch nods down, positive roll lifts the
    subject's left ear.
    """
    rotation = matrix_from_rotation_vector(root_rotation)
    for joint in (0, 1):  # neck, then head
        rotation = rotation @ matrix_from_rotation_vector(joint_rotations[joint])
    return yaw_pitch_roll_rad(rotation)


def yaw_pitch_roll_rad(rotation: Float[np.ndarray, "3 3"]) -> tuple[float, float, float]:
    """Angles of R = R_y(yaw) R_x(pitch) R_z(roll)."""
    yaw = np.arctan2(rotation[0, 2], rotation[2, 2])
    pitch = np.arcsin(np.clip(-rotation[1, 2], -1.0, 1.0))
    roll = np.arctan2(rotation[1, 0], rotation[1, 1])
    return float(yaw), float(pitch), float(roll)
