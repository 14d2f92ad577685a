"""Live Link Face CSV: the file that Unreal's importer and many retargeting tools read."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mien.exporters.arkit import LIVE_LINK_FACE_NAMES, export_weights
from mien.exporters.motion import HeadMotion, TrackMotion, head_angles_rad, yaw_pitch_roll_rad
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.expression_map import in_arkit_names
from mien.heads.gaze import shape_turns
from mien.heads.model import Head

_ANGLE_NAMES = tuple(
    f"{part}{angle}" for part in ("Head", "LeftEye", "RightEye") for angle in ("Yaw", "Pitch", "Roll")
)

HEADER = ("Timecode", "BlendShapeCount", *LIVE_LINK_FACE_NAMES, *_ANGLE_NAMES)

_NOTE = """\
This file goes with the Live Link Face CSV of the same name.

HeadYaw, HeadPitch, HeadRoll and the eyes' angles are in radians (tools differ: set yours to radians).
The rotation is R = R_y(yaw) R_x(pitch) R_z(roll) with +x to the subject's left, +y up, +z out of the face:
positive yaw turns to the subject's left, positive pitch nods down, positive roll lifts the left ear.
The head's angles are those of the skull before the camera (body and neck included), the eyes' are relative to
the skull. Frames in which the face was lost repeat the last tracked frame.
Weights are in [0, 1], subject's left and right; shapes that the head does not have are 0. If most of the
head's shapes are not ARKit's (FLAME, BFM), the weights are those that come nearest to its face.
"""

_TIMES = """\
Frames per second: {fps:.6g}. A timecode's last field counts frames of the second at this rate, with
thousandths of a frame.
The first frame is shown {start_s:.3f} s after the start of the video's file; timecodes are on that clock, on
which its sound runs too: laid over the sound from its start, the motion fits.
"""


def live_link_face_note(track: TrackMotion | None = None) -> str:
    """Text of the file written beside every CSV, because programs disagree about the angles' unit.

    Args:
        track: what the CSV holds, if it is a track: its rate and start are told.
    """
    if track is None:
        return _NOTE
    return _NOTE + _TIMES.format(fps=track.frames_per_second, start_s=track.times_s[0])


def live_link_face_csv(head: Head, motion: HeadMotion | TrackMotion) -> Iterator[str]:
    """The motion as CSV text, some rows at a time: 52 weights in [0, 1] and nine angles in radians a frame.

    Weights of a head most of whose shapes are not ARKit's are told by the built-in head's
    (`mien.map_expressions`).
    """
    yield ",".join(HEADER) + "\n"
    for part in motion.parts():
        yield from _rows(head, part)


def _rows(head: Head, motion: HeadMotion) -> Iterator[str]:
    names, expression = in_arkit_names(head, motion.expression)
    of_lowered = {name.lower(): column for column, name in enumerate(names)}
    weights = export_weights(expression, names)
    ordered = np.zeros((len(motion), len(LIVE_LINK_FACE_NAMES)))
    for column, name in enumerate(LIVE_LINK_FACE_NAMES):
        if name.lower() in of_lowered:
            ordered[:, column] = weights[:, of_lowered[name.lower()]]
    eyes = motion.joint_rotations[:, 2:]
    if head.shapes_turn_eyes:
        eyes = eyes + shape_turns(motion.expression, head.expression_names)
    for frame in range(len(motion)):
        joints = motion.joint_rotations[frame]
        angles = [
            *head_angles_rad(motion.root_rotation[frame], joints),
            *yaw_pitch_roll_rad(matrix_from_rotation_vector(eyes[frame, 0])),
            *yaw_pitch_roll_rad(matrix_from_rotation_vector(eyes[frame, 1])),
        ]
        code = timecode(float(motion.times_s[frame]), motion.frames_per_second)
        # a millionth of a weight or radian: far below what any face shows
        values = ",".join(f"{value:.6f}" for value in (*ordered[frame], *angles))
        yield f"{code},{len(LIVE_LINK_FACE_NAMES) + len(_ANGLE_NAMES)},{values}\n"


def timecode(time_s: float, frames_per_second: float) -> str:
    """HH:MM:SS:FF.sub, where sub counts thousandths of a frame."""
    seconds = int(time_s)
    thousandths = round((time_s - seconds) * frames_per_second * 1000)
    if thousandths >= round(frames_per_second * 1000):
        seconds, thousandths = seconds + 1, 0
    frame, sub = divmod(thousandths, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}:{frame:02d}.{sub:03d}"
