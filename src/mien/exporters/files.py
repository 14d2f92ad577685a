"""One function for every format: the suffix decides what is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mien import __version__
from mien.errors import InputError
from mien.exporters.glb import GlbBuilder
from mien.exporters.gltf import glb_file
from mien.exporters.live_link_face import live_link_face_csv, live_link_face_note
from mien.exporters.motion import TrackMotion, motion_of
from mien.exporters.obj import obj_files
from mien.exporters.refusals import check_arguments, check_numbers
from mien.exporters.saved import json_text, npz_bytes, to_document
from mien.exporters.track_json import track_json
from mien.files import atomic_path
from mien.fitting.results import HeadFit, HeadTrack, TrackedFrame
from mien.heads.look import HeadLook
from mien.heads.model import Head
from mien.tracking.track_file import SavedTrack, track_bytes

SUFFIXES = (".glb", ".obj", ".csv", ".npz", ".json")
MESH_SUFFIXES = (".glb", ".obj")

if TYPE_CHECKING:
    Exportable = HeadFit | HeadTrack | SavedTrack | TrackedFrame | Head
    FilePath = str | Path
    Origin = Literal["head", "camera"]
    Look = HeadLook
else:  # whatever comes: `check_arguments` says what to do with it
    Exportable = FilePath = Origin = Look = object


def export(
    result: Exportable,
    path: FilePath,
    *,
    head: Head | None = None,
    look: Look | None = None,
    origin: Origin = "head",
    camera: bool = True,
    neutral: bool = False,
) -> Path:
    """Write a fit, a track, one of its frames or a head to a file; the suffix chooses the format.

    .glb: mesh, joints, ARKit-named morph targets, the fit's weights and pose, a track's animation, and the
    camera. .obj: the posed mesh of a fit, a frame or a head; with a look, a .mtl and pictures beside it.
    .csv: Live Link Face, with a note about its units and times beside it (the same name followed by .txt).
    .npz and .json: everything in the result, read back by `read_fit` (fits and frames) and `read_track`; of a
    track .npz keeps everything (`mien.open_track` reads it in parts), .json the motion without landmarks.

    A `SavedTrack` is worked through part by part, so that its length takes no memory.

    The key times of a track's animation are those of its video, on whose clock the sound starts at 0: laid
    over the sound from its start, they fit. The video's start and rate are in the file's extras
    (`start_time_s`, `fps`).

    Files appear under their names only when they are complete.

    Args:
        head: the model that the result's parameters belong to; the built-in head if not given.
        look: pictures on the head, in .glb and .obj; plain colours when None.
        origin: of .glb and .obj. "head" puts the head at the origin, facing +z, and the camera where it was
            seen from; a track is placed as a whole, by the mean place and direction of the head, and moves
            about them. "camera" keeps the camera at the origin, as in the result itself, so that the heads of
            one picture or video stand together as they did before it.
        camera: write the camera into a .glb.
        neutral: of .glb and .obj: the person at rest, without weights, joint rotations or animation.

    Returns:
        The path written; `export_files` tells of those beside it too.

    Raises:
        FitError: a frame on which the face was lost, or a fit that failed: NaN is not exported.
        InputError: an unknown suffix, a format that cannot hold this result, another head's parameters, or
            something that is no result.
    """
    return export_files(result, path, head=head, look=look, origin=origin, camera=camera, neutral=neutral)[0]


def export_files(
    result: Exportable,
    path: FilePath,
    *,
    head: Head | None = None,
    look: Look | None = None,
    origin: Origin = "head",
    camera: bool = True,
    neutral: bool = False,
) -> tuple[Path, ...]:
    """`export`, telling all files that were written: the one asked for and then those beside it."""
    check_arguments(result, path, origin=origin, look=look)
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            f"cannot write {suffix or 'no suffix'!r}; use one of {', '.join(SUFFIXES)}", source=path
        )
    if neutral and suffix not in MESH_SUFFIXES:
        raise InputError(f"neutral=True is for .glb and .obj, not {suffix}", source=path)
    if isinstance(result, Head):
        model = result
        if suffix not in MESH_SUFFIXES:
            raise InputError(f"a head alone is written as .glb or .obj, not {suffix}", source=path)
    else:
        model = _matching_head(result, head, path)
    if isinstance(result, TrackedFrame):
        result = result.head_fit(model)
    if not isinstance(result, Head):
        check_numbers(result)
    if suffix == ".obj" and isinstance(result, HeadTrack | SavedTrack) and not neutral:
        raise InputError(
            "an .obj holds one pose, not a track; write .glb, one frame: mien.export(track.frame(0), …), or "
            "the person at rest: neutral=True",
            source=path,
        )
    if suffix in MESH_SUFFIXES:
        contents = _mesh_files(
            result, path, model, look=look, origin=origin, with_camera=camera, neutral=neutral
        )
    else:
        assert not isinstance(result, Head)
        contents = _data_files(result, path, model)
    # The one asked for comes last: where it is, those that it needs are too.
    for place, content in reversed(list(contents.items())):
        with atomic_path(place) as temporary, open(temporary, "wb") as stream:
            if isinstance(content, bytes):
                stream.write(content)
            elif isinstance(content, GlbBuilder):
                content.write(stream)
            else:
                stream.writelines(content)
    return tuple(contents)


Content = bytes | GlbBuilder | Iterator[bytes]
"""What a file will hold; long ones come piece by piece."""


def _mesh_files(
    result: HeadFit | HeadTrack | SavedTrack | Head,
    path: Path,
    model: Head,
    *,
    look: HeadLook | None,
    origin: Origin,
    with_camera: bool,
    neutral: bool,
) -> Mapping[Path, Content]:
    motion = motion_of(result)
    camera = None if isinstance(result, Head) else result.camera
    if neutral:
        motion = motion.at_rest()
    if origin == "head":
        world_from_head = motion.world_from_head()
        motion = motion.moved(np.linalg.inv(world_from_head))
        if camera is not None:
            camera = replace(camera, camera_from_world=camera.camera_from_world @ world_from_head)
    if path.suffix.lower() == ".obj":
        return obj_files(path, model, motion.first_frame(), look=look)
    extras: dict[str, Any] = {
        "mien_version": __version__,
        "head_name": model.name,
        "head_version": model.version,
        "origin": origin,
    }
    if isinstance(result, HeadTrack | SavedTrack) and not neutral:
        extras |= {"fps": motion.frames_per_second, "start_time_s": result.start_time_s}
    return {path: glb_file(model, motion, look=look, camera=camera if with_camera else None, extras=extras)}


def _data_files(result: HeadFit | HeadTrack | SavedTrack, path: Path, model: Head) -> Mapping[Path, Content]:
    suffix = path.suffix.lower()
    if suffix == ".csv":
        motion = motion_of(result)
        note = live_link_face_note(motion if isinstance(motion, TrackMotion) else None)
        return {
            path: _encoded(live_link_face_csv(model, motion)),
            path.with_name(path.name + ".txt"): note.encode(),
        }
    if not isinstance(result, HeadFit):
        names = model.expression_names
        if suffix == ".json":
            return {path: _encoded(track_json(result, expression_names=names, mien_version=__version__))}
        return {path: track_bytes(result, expression_names=names)}
    document = to_document(result, expression_names=model.expression_names, mien_version=__version__)
    return {path: npz_bytes(document) if suffix == ".npz" else json_text(document).encode()}


def _encoded(pieces: Iterator[str]) -> Iterator[bytes]:
    return (piece.encode() for piece in pieces)


def _matching_head(
    result: HeadFit | HeadTrack | SavedTrack | TrackedFrame, head: Head | None, path: Path
) -> Head:
    if head is None:
        from mien.heads.library import load_head

        head = load_head()
    if not head.takes_parameters_of(result.head_name, result.head_version):
        raise InputError(
            f"the parameters belong to the head {result.head_name} {result.head_version}, but the head given "
            f"is {head.name} {head.version}; pass the right one as head=",
            source=path,
        )
    return head
