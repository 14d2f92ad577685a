"""Avatar data as a folder: avatar_data.json and frames.npz."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from mien.avatars.dataset import AvatarData
from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.files import atomic_path, write_text
from mien.heads.library import load_head
from mien.reading.file_values import FileValues
from mien.reading.json_files import read_json_object
from mien.reading.npz import open_npz

FORMAT_VERSION = 1
KIND = "avatar_data"
JSON_NAME, FRAMES_NAME = "avatar_data.json", "frames.npz"
_REMEDY = "prepare the video again with mien avatar prepare"
_ARRAYS: dict[str, tuple[str, float, float]] = {
    "identity": ("identity", -100, 100),
    "expression": ("frames expression", -10, 10),
    "joint_rotations": ("frames 4 3", -10, 10),
    "intrinsics": ("frames 3 3", -1e6, 1e6),
    "camera_from_skull": ("frames 4 4", -1e3, 1e3),
    "times_s": ("frames", -1e9, 1e9),
}


def is_avatar_data(folder: str | Path) -> bool:
    """Whether a folder holds prepared frames."""
    return (Path(folder) / JSON_NAME).is_file()


@checked_call
def save_avatar_data(data: AvatarData, folder: str | Path) -> Path:
    """Write the two files of some data into a folder, which is made if missing.

    Raises:
        OutputError: the place takes no files.
    """
    from mien import __version__

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {name: np.asarray(getattr(data, name), float) for name in _ARRAYS}
    with atomic_path(folder / FRAMES_NAME) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            **arrays,
            rgba=data.rgba,
            known=data.known,
            video_frames=data.video_frames.astype(np.int64),
            test=data.test,
        )
    document = {
        "format_version": FORMAT_VERSION,
        "mien_version": __version__,
        "kind": KIND,
        "source": data.source,
        "head_name": data.head_name,
        "head_version": data.head_version,
        "frames_per_second": data.frames_per_second,
        "frames": len(data),
        "held_out": int(data.test.sum()),
        "size_px": data.size_px,
        "units": "metres, radians, seconds, pixels; pixel (0, 0) is the centre of the top-left pixel; "
        "cameras are OpenCV's, their world is the skull's frame (+x left, +y up, +z out of the face)",
        "expression_names": list(data.expression_names),
    }
    write_text(folder / JSON_NAME, json.dumps(document, indent=1))
    return folder


@checked_call
def load_avatar_data(folder: str | Path) -> AvatarData:
    """Read what `save_avatar_data` wrote.

    Raises:
        InputError: it is no such folder, damaged, of another head, or written by a newer mien.
    """
    folder = Path(folder)
    path = folder / JSON_NAME
    document = read_json_object(path, what=f"holds no prepared frames; {_REMEDY}")
    facts = FileValues(document, source=path, remedy=_REMEDY)
    facts.text("kind", choices=(KIND,))
    version = facts.integer("format_version", low=1)
    if version > FORMAT_VERSION:
        raise InputError(
            f"has format {version}, and this mien reads format {FORMAT_VERSION}; update mien", source=path
        )
    head = load_head()
    name, head_version = facts.text("head_name"), facts.text("head_version")
    if not head.takes_parameters_of(name, head_version):
        raise InputError(
            f"was tracked with the head {name} {head_version}, and this mien's is {head.name} "
            f"{head.version}; {_REMEDY}",
            source=path,
        )
    sizes = {
        "frames": facts.integer("frames", low=1, high=1_000_000),
        "size": facts.integer("size_px", low=8, high=8192),
        "identity": head.identity_count,
        "expression": head.expression_count,
    }
    names = facts.texts("expression_names", "expression")
    if names != head.expression_names:
        raise InputError(f"has other expression shapes than the head; {_REMEDY}", source=path)
    with open_npz(folder / FRAMES_NAME, what=f"holds no prepared frames; {_REMEDY}") as archive:
        values = FileValues(archive, source=folder / FRAMES_NAME, sizes=sizes, remedy=_REMEDY)
        arrays = {
            key: values.array(key, shape, low=low, high=high) for key, (shape, low, high) in _ARRAYS.items()
        }
        rgba = values.array("rgba", "frames size size 4", kind="integer", low=0, high=255)
        known = values.array("known", "frames size size", kind="integer", low=0, high=255)
        video_frames = values.array("video_frames", "frames", kind="integer", low=0)
        test = values.array("test", "frames", kind="flag")
    return AvatarData(
        source=facts.text("source"),
        head_name=name,
        head_version=head_version,
        expression_names=names,
        frames_per_second=facts.number("frames_per_second", low=1e-3, high=1e5),
        rgba=rgba.astype(np.uint8),
        known=known.astype(np.uint8),
        video_frames=video_frames,
        test=test,
        **arrays,
    )
