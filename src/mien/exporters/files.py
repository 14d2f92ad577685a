"""One function for every format: the suffix decides what is written."""

from __future__ import annotations

from pathlib import Path

from mien import __version__
from mien.errors import InputError
from mien.exporters.gltf import glb_bytes
from mien.exporters.live_link_face import NOTE, live_link_face_csv
from mien.exporters.motion import HeadMotion
from mien.exporters.obj import obj_text
from mien.exporters.saved import json_text, npz_bytes, to_document
from mien.files import atomic_path, write_text
from mien.fitting.results import HeadFit, HeadTrack, TrackedFrame
from mien.heads.model import Head

SUFFIXES = (".glb", ".obj", ".csv", ".npz", ".json")


def export(
    result: HeadFit | HeadTrack | TrackedFrame | Head, path: str | Path, *, head: Head | None = None
) -> Path:
    """Write a fit, a track, one of its frames or a head to a file; the suffix chooses the format.

    .glb: mesh, joints, ARKit-named morph targets, the fit's weights and pose, a track's animation, and the
    camera. .obj: the posed mesh of a fit, a frame or a head. .csv: Live Link Face, with a note about its
    units beside it (the same name followed by .txt). .npz and .json: everything in the result, read back by
    `read_fit` (fits and frames) and `read_track`.

    The file appears under its name only when it is complete.

    Args:
        head: the model that the result's parameters belong to; the built-in head if not given.

    Returns:
        The path written.

    Raises:
        FitError: a frame on which the face was lost.
        InputError: an unknown suffix, a format that cannot hold this result, or another head's parameters.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            f"cannot write {suffix or 'no suffix'!r}; use one of {', '.join(SUFFIXES)}", source=path
        )
    if isinstance(result, Head):
        model = result
        if suffix in (".csv", ".npz", ".json"):
            raise InputError(f"a head alone is written as .glb or .obj, not {suffix}", source=path)
    else:
        model = _matching_head(result, head, path)
    if isinstance(result, TrackedFrame):
        result = result.head_fit(model)
    if suffix == ".obj" and isinstance(result, HeadTrack):
        raise InputError(
            "an .obj holds one pose, not a track; write .glb, or one frame: mien.export(track.frame(0), …)",
            source=path,
        )
    content = _content(result, model, suffix)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    if suffix == ".csv":
        write_text(path.with_name(path.name + ".txt"), NOTE)
    return path


def _content(result: HeadFit | HeadTrack | Head, model: Head, suffix: str) -> bytes:
    if suffix in (".npz", ".json"):
        assert not isinstance(result, Head)
        document = to_document(result, expression_names=model.expression_names, mien_version=__version__)
        return npz_bytes(document) if suffix == ".npz" else json_text(document).encode()
    motion = HeadMotion.of(result)
    if suffix == ".glb":
        extras = {"mien_version": __version__, "head_name": model.name, "head_version": model.version}
        camera = None if isinstance(result, Head) else result.camera
        return glb_bytes(model, motion, camera=camera, extras=extras)
    if suffix == ".csv":
        return live_link_face_csv(model, motion).encode()
    assert not isinstance(result, HeadTrack), "export refuses a track as .obj"
    return obj_text(model, result.neutral() if isinstance(result, Head) else result.parameters).encode()


def _matching_head(result: HeadFit | HeadTrack | TrackedFrame, head: Head | None, path: Path) -> Head:
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
