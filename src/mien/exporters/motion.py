"""What every animation format needs from a fit or a track: one person and a row per frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from mien.fitting.results import HeadFit, HeadTrack
from mien.geometry.rotations import (
    matrix_from_rotation_vector,
    quaternion_product,
    quaternions_from_rotation_vectors,
    rotation_vector_from_matrix,
    rotation_vectors_from_quaternions,
)
from mien.heads.model import Head
from mien.heads.parameters import HeadParameters
from mien.tracking.track_file import SavedTrack


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
    def of(result: Head | HeadFit) -> HeadMotion:
        """What stands still; a bare head stands at rest at the origin."""
        return HeadMotion.of_parameters(result.neutral() if isinstance(result, Head) else result.parameters)

    def parts(self) -> Iterator[HeadMotion]:
        """All frames, as `TrackMotion` gives them piece by piece."""
        yield self

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
        return mean_pose(self.parts())

    def moved(self, new_from_world: Float[np.ndarray, "4 4"]) -> HeadMotion:
        """The same frames in another world, by a rigid transform."""
        turn = rotation_vector_from_matrix(new_from_world[:3, :3])
        turned = quaternion_product(
            quaternions_from_rotation_vectors(turn[None])[0],
            quaternions_from_rotation_vectors(self.root_rotation),
        )
        return replace(
            self,
            root_rotation=rotation_vectors_from_quaternions(turned),
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


def mean_pose(parts: Iterable[HeadMotion]) -> Float[np.ndarray, "4 4"]:
    """Mean place, and mean rotation (Markley et al. 2007: the main axis of the quaternions' scatter)."""
    scatter, place_m, count = np.zeros((4, 4)), np.zeros(3), 0
    for part in parts:
        quaternions = quaternions_from_rotation_vectors(part.root_rotation)
        scatter += quaternions.T @ quaternions
        place_m += part.root_translation_m.sum(axis=0)
        count += len(part)
    pose = np.eye(4)
    main_axis = np.linalg.eigh(scatter)[1][:, -1]
    pose[:3, :3] = matrix_from_rotation_vector(rotation_vectors_from_quaternions(main_axis[None])[0])
    pose[:3, 3] = place_m / count
    return pose


@dataclass(frozen=True, eq=False)
class TrackMotion:
    """A track's frames, piece by piece.

    A lost frame holds the last tracked one, those before the first hold that one.

    Attributes:
        track: whose.
        times_s: (F,) as `HeadMotion` has them.
        new_from_world: rigid transform of the frames into another world.
    """

    track: HeadTrack | SavedTrack
    times_s: Float[np.ndarray, " frames"]
    new_from_world: Float[np.ndarray, "4 4"] | None = None

    @staticmethod
    def of(track: HeadTrack | SavedTrack) -> TrackMotion:
        """All frames of a track."""
        times_s = track.times_s
        if len(times_s) and times_s[0] < 0:  # files know no time before zero
            times_s = times_s - times_s[0]
        if np.any(np.diff(times_s.astype(np.float32)) <= 0):  # broken time stamps: fall back on the rate
            times_s = np.arange(len(track)) / track.frames_per_second
        return TrackMotion(track, times_s)

    def __len__(self) -> int:
        return len(self.times_s)

    @property
    def identity(self) -> Float[np.ndarray, " identity"]:
        """Who it is."""
        return self.track.identity

    @property
    def frames_per_second(self) -> float:
        """Nominal rate."""
        return self.track.frames_per_second

    def parts(self) -> Iterator[HeadMotion]:
        """All frames in consecutive pieces."""
        last = self._first_tracked()
        start = 0
        for part in self.track.parts():
            # the row before is held on to where the part begins with a lost face
            rows = part if last is None else HeadTrack.joined([last, part])
            held = np.maximum.accumulate(np.where(rows.tracked, np.arange(len(rows)), 0))
            if last is not None:
                held = held[1:]
            stop = start + len(part)
            motion = HeadMotion(
                times_s=self.times_s[start:stop],
                identity=part.identity,
                expression=rows.expression[held],
                joint_rotations=rows.joint_rotations[held],
                root_rotation=rows.root_rotation[held],
                root_translation_m=rows.root_translation_m[held],
                frames_per_second=part.frames_per_second,
            )
            yield motion if self.new_from_world is None else motion.moved(self.new_from_world)
            last, start = (rows.part(int(held[-1]), int(held[-1]) + 1) if last is not None else None), stop

    def _first_tracked(self) -> HeadTrack | None:
        """The first row with a face, as a track of its own; None where there is no face at all."""
        if not self.track.tracked.any():
            return None
        wanted, start = int(np.argmax(self.track.tracked)), 0
        for part in self.track.parts():
            if wanted < start + len(part):
                return part.part(wanted - start, wanted - start + 1)
            start += len(part)
        raise AssertionError("a track has as many rows as it says")

    def first_frame(self) -> HeadParameters:
        """The head in the first frame."""
        return next(self.parts()).first_frame()

    def world_from_head(self) -> Float[np.ndarray, "4 4"]:
        """Where the head is on average."""
        return mean_pose(self.parts())

    def moved(self, new_from_world: Float[np.ndarray, "4 4"]) -> TrackMotion:
        """The same frames in another world, by a rigid transform."""
        before = np.eye(4) if self.new_from_world is None else self.new_from_world
        return replace(self, new_from_world=new_from_world @ before)

    def at_rest(self) -> HeadMotion:
        """As of a `HeadMotion`."""
        pose, first = self.world_from_head(), next(self.parts())
        return replace(
            first.at_rest(),
            root_rotation=rotation_vector_from_matrix(pose[:3, :3])[None],
            root_translation_m=pose[None, :3, 3],
        )


def motion_of(result: Head | HeadFit | HeadTrack | SavedTrack) -> HeadMotion | TrackMotion:
    """The motion in anything that can be exported."""
    return TrackMotion.of(result) if isinstance(result, HeadTrack | SavedTrack) else HeadMotion.of(result)


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
