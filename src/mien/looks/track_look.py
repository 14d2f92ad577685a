"""The look of a tracked person, from a few frames that show the face from the front and from the sides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float

from mien.errors import FitError
from mien.fitting.results import HeadTrack
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.look import HeadLook
from mien.heads.model import Head
from mien.heads.parameters import JOINT_NAMES
from mien.looks.head_look import PersonLook, Texture, person_look
from mien.tracking.track_file import SavedTrack

SIDES_RAD = (0.0, 0.5, -0.5)
"""How far the head is turned, at best, in the frames that are taken."""
FARTHEST_RAD = 0.25
"""A frame farther from that is not taken, but for the front's."""


def frames_to_show(track: HeadTrack | SavedTrack) -> list[int]:
    """Rows of a track from which a person's texture is best taken: one from the front, others from the sides
    if the head was turned so.

    Among similar views the calmest face counts: lips shut, eyes open.

    Raises:
        FitError: the face was lost in every frame.
    """
    seen = np.flatnonzero(track.tracked)
    if not len(seen):
        raise FitError("the face was lost in every frame: there is nothing to take a look from")
    yaw, pitch, liveliness = np.concatenate([_seen_from(part) for part in track.parts()]).T
    chosen: list[int] = []
    for side in SIDES_RAD:
        off = np.hypot(yaw - side, pitch) + liveliness
        best = int(off.argmin())
        if side and abs(yaw[best] - side) > FARTHEST_RAD:
            continue
        if int(seen[best]) not in chosen:
            chosen.append(int(seen[best]))
    return chosen


def track_look(
    track: HeadTrack | SavedTrack,
    video: str | Path,
    head: Head,
    *,
    texture: Texture = "photo",
    size_px: int = 1024,
) -> HeadLook:
    """The look of a tracked person.

    Args:
        video: the file that was tracked, read up to the last frame that is needed.
        head: the model that was tracked with.
        texture, size_px: as for `head_look`.

    Raises:
        FitError: the face was lost in every frame.
        InputError: the video cannot be read, or as for `head_look`.
    """
    return track_person_look(track, video, head, texture=texture, size_px=size_px).look


def track_person_look(
    track: HeadTrack | SavedTrack,
    video: str | Path,
    head: Head,
    *,
    texture: Texture = "photo",
    size_px: int = 1024,
) -> PersonLook:
    """As `track_look`, with light and colours that were found beside the look."""
    from mien.images.video import open_video

    wanted = [track.first_frame + row for row in frames_to_show(track)]
    pictures = {}
    with open_video(video) as reader:
        for frame in reader:
            if frame.index in wanted:
                pictures[frame.index] = frame.image
            if len(pictures) == len(wanted):
                break
    shown = [index for index in wanted if index in pictures]
    fits = [frame.head_fit(head) for frame in track.frames([index - track.first_frame for index in shown])]
    return person_look(
        fits, [pictures[index] for index in shown], texture=texture, size_px=size_px, head=head
    )


def _seen_from(part: HeadTrack) -> Float[np.ndarray, "seen 3"]:
    """Of every frame with a face: how far the skull is turned to the side and nods, and how much it moves."""
    rows = np.flatnonzero(part.tracked)
    turned = np.array([_turned_rad(part, int(row)) for row in rows]).reshape(-1, 2)
    weights = np.abs(part.expression[rows]).sum(axis=1) / max(part.expression.shape[1], 1)
    return np.column_stack([turned, 1.5 * weights])


def _turned_rad(track: HeadTrack, frame: int) -> Float[np.ndarray, 2]:
    """How far the skull is turned to the side and nods, seen from the camera."""
    neck, skull = JOINT_NAMES.index("neck"), JOINT_NAMES.index("head")
    rotation = matrix_from_rotation_vector(track.root_rotation[frame])
    for joint in (neck, skull):
        rotation = rotation @ matrix_from_rotation_vector(track.joint_rotations[frame, joint])
    forward = track.camera.camera_from_world[:3, :3] @ rotation @ [0.0, 0.0, 1.0]
    return np.array([np.arctan2(forward[0], -forward[2]), np.arcsin(np.clip(forward[1], -1, 1))])
