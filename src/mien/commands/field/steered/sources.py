"""Faces from whatever holds one: a morphable field, a photo, another field's landmarks, a track, a video."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mien.errors import InputError

if TYPE_CHECKING:
    from mien.commands.options import MorphableModelOption
    from mien.morphable_fields.face import MorphableFace
    from mien.morphable_fields.models import MorphableModel


def read_face(
    path: Path, *, refined_for: MorphableModel | None = None
) -> tuple[MorphableFace, MorphableModel | None]:
    """A face with its own texture: of a morphable field, with its model, or of a photo.

    Args:
        refined_for: the model with which a photo's face is to look as the photo; in even light when None.

    Raises:
        InputError: it is neither.
    """
    if path.is_dir():
        from mien.morphable_fields.field_files import is_morphable_field, load_morphable_field

        if not is_morphable_field(path):
            raise InputError(
                "is no field that landmarks steer: start from a photo, or a field of mien field edit",
                source=path,
            )
        saved = load_morphable_field(path)
        return saved.face, saved.model
    from mien.morphable_fields.from_photo import face_of_photo

    return face_of_photo(path, refined=refined_for is not None, model=refined_for), None


def read_driver(path: Path, *, like: MorphableFace) -> MorphableFace:
    """A face that another one is to follow: besides those of `read_face`, the head in any radiance field, by
    its landmarks, and landmarks in a file.

    Args:
        like: whose texture a driver without one gets.

    Raises:
        InputError: there is no head.
    """
    if path.suffix.lower() == ".json":
        from mien.morphable_fields.driver_files import landmarks_of_json
        from mien.morphable_fields.face import MorphableFace

        return MorphableFace.of_landmarks(like.texture, landmarks_of_json(path))
    if path.is_dir():
        from mien.morphable_fields.field_files import is_morphable_field

        if not is_morphable_field(path):
            from mien.fields.files import load_field
            from mien.morphable_fields.driver_files import face_in_field

            return face_in_field(load_field(path), texture=like.texture)
    return read_face(path)[0]


def read_drivers(path: Path, *, like: MorphableFace) -> tuple[list[MorphableFace], float]:
    """A sequence to follow, and its frames a second: of a saved track (.npz, .json) or a video.

    Raises:
        InputError: it is neither, or nobody is in it.
    """
    from mien.morphable_fields.driver_files import faces_of_track

    if path.suffix.lower() in (".npz", ".json"):
        from mien.exporters.saved import read_track

        track = read_track(path)
    else:
        from mien.tracking.video import track_video

        track = track_video(path)
    return faces_of_track(track, texture=like.texture), track.frames_per_second


def model_of_option(option: MorphableModelOption, own: MorphableModel | None) -> MorphableModel:
    """The model that was asked for, else the source's own, else the shipped one."""
    from mien.morphable_fields.model_files import SHIPPED, read_model

    if option.morphable_model is not None:
        return read_model(option.morphable_model)
    return own or read_model(SHIPPED)
