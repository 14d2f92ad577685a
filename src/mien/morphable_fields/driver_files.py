"""Expressions to follow, from fields, files of landmarks, and tracks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.fields.protocol import Field
from mien.fitting.results import HeadTrack
from mien.heads.library import load_head
from mien.landmarks_in_fields.predict import FieldLandmarker
from mien.landmarks_in_fields.types import Landmarks3D
from mien.morphable_fields.face import MorphableFace
from mien.reading.file_values import FileValues
from mien.reading.json_files import read_json_object


def in_head_frame(
    points_m: Float[np.ndarray, "68 3"], field_from_head: Float[np.ndarray, "3 4"]
) -> Float[np.ndarray, "68 3"]:
    """Landmarks of a head that stands anywhere, back in its own frame and in metres."""
    return (points_m - field_from_head[:, 3]) @ np.linalg.inv(field_from_head[:, :3]).T


@checked_call
def face_in_field(
    field: Field,
    *,
    texture: UInt8[np.ndarray, "s s 3"],
    landmarker: FieldLandmarker | None = None,
) -> MorphableFace:
    """The face whose landmarks are found in a field: FLNeRF's loop field → landmarks → field.

    Args:
        field: any that shows a head.
        texture: (S, S, 3) that the face gets.
        landmarker: the shipped networks when None.

    Raises:
        InputError: no head is found there.
    """
    found = (landmarker or FieldLandmarker())(field)
    return face_of_landmarks3d(found, texture=texture)


def face_of_landmarks3d(found: Landmarks3D, *, texture: UInt8[np.ndarray, "s s 3"]) -> MorphableFace:
    """The face that landmarks found in a field mean.

    Raises:
        InputError: no head was found.
    """
    if not found.found:
        raise InputError(f"no head was found (confidence {found.confidence:.2f})", source="field")
    return MorphableFace.of_landmarks(texture, in_head_frame(found.points_m, found.field_from_head))


def landmarks_of_json(path: str | Path) -> Float[np.ndarray, "68 3"]:
    """Landmarks in the head's frame from a file of `mien field landmarks` or {"landmarks_m": [[x, y, z], …]}.

    Raises:
        InputError: the file holds none.
    """
    path = Path(path)
    document = read_json_object(path, what="cannot be read as JSON")
    values = FileValues(document, source=path, remedy="write it with mien field landmarks")
    if "landmarks_m" in document:
        return values.array("landmarks_m", "68 3", low=-10, high=10)
    if "points_m" not in document:
        raise InputError(
            "holds no landmarks to follow: expected landmarks_m, or points_m and field_from_head as "
            "mien field landmarks writes them",
            source=path,
        )
    points_m = values.array("points_m", "68 3", low=-1e6, high=1e6)
    return in_head_frame(points_m, values.array("field_from_head", "3 4", low=-1e6, high=1e6))


@checked_call
def faces_of_track(track: HeadTrack, *, texture: UInt8[np.ndarray, "s s 3"]) -> list[MorphableFace]:
    """A face for each frame of a track; lost frames repeat the last good one.

    Args:
        track: of the built-in head.
        texture: (S, S, 3) that the faces get.

    Raises:
        InputError: another head was tracked, or the face was lost throughout.
    """
    head = load_head()
    if not head.takes_parameters_of(track.head_name, track.head_version):
        raise InputError(f"was tracked with the head {track.head_name}, not {head.name}", source="track")
    if not track.tracked.any():
        raise InputError("the face was lost in every frame", source="track")
    first = int(np.argmax(track.tracked))
    faces, last = [], track.expression[first]
    for expression, seen in zip(track.expression, track.tracked, strict=True):
        last = expression if seen else last
        faces.append(MorphableFace(texture, track.identity, np.asarray(last, float), np.zeros((68, 3))))
    return faces
