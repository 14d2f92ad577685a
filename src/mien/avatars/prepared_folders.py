"""Folders that others' trackers made of a video for their avatar trainers: pictures in order, and which are
held out.

NeRFace, INSTA and VHAP write transforms_{train,val,test}.json, IMavatar flame_params.json. Their heads and
cameras are those of other head models and are left aside: mien tracks the pictures itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, UInt8

from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.reading.json_files import read_json_object

LEARNED_PARTS = ("transforms_train.json", "transforms.json", "flame_params.json")
HELD_OUT_PARTS = ("transforms_test.json", "transforms_val.json")
PICTURE_ENDINGS = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True, eq=False)
class PreparedFolder:
    """A video as pictures.

    Attributes:
        folder: it was read from.
        pictures: (F) files, in the order of time.
        held_out: (F,) which of them no avatar may learn from; none where the folder says nothing of it.
    """

    folder: Path
    pictures: tuple[Path, ...]
    held_out: Bool[np.ndarray, " frames"]

    def __len__(self) -> int:
        return len(self.pictures)

    def images(self) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
        """The pictures, one after the other."""
        from mien.images.photo import read_image

        for path in self.pictures:
            yield read_image(path)


def is_prepared_folder(folder: str | Path) -> bool:
    """Whether a folder holds a file that lists pictures."""
    return any((Path(folder) / name).is_file() for name in (*LEARNED_PARTS, *HELD_OUT_PARTS))


@checked_call
def read_prepared_folder(folder: str | Path) -> PreparedFolder:
    """Find the pictures of a folder that a tracker wrote.

    Of several cameras the first one's pictures are taken.

    Raises:
        InputError: it lists no pictures, or some outside of the folder, or some that are not there.
    """
    folder = Path(folder)
    if not is_prepared_folder(folder):
        raise InputError(
            f"is no folder of frames: expected one of {', '.join((*LEARNED_PARTS, *HELD_OUT_PARTS))}",
            source=folder,
        )
    held_out: dict[Path, bool] = {}
    order: dict[Path, tuple[Any, ...]] = {}
    camera: object = None
    for name in (*LEARNED_PARTS, *HELD_OUT_PARTS):
        if not (folder / name).is_file():
            continue
        for frame in _frames(folder / name):
            camera = frame.get("camera_index") if camera is None else camera
            if frame.get("camera_index") != camera:
                continue
            path = _picture(folder, frame, folder / name)
            held_out[path] = name in HELD_OUT_PARTS
            order[path] = _place(frame, path)
    paths = sorted(order, key=lambda path: order[path])
    return PreparedFolder(folder, tuple(paths), np.array([held_out[path] for path in paths], bool))


def _frames(path: Path) -> list[dict[str, Any]]:
    frames = read_json_object(path, what="lists no frames").get("frames")
    if not isinstance(frames, list) or not all(isinstance(one, dict) for one in frames):
        raise InputError("lists no frames: expected frames, a list of objects with file_path", source=path)
    return frames


def _picture(folder: Path, frame: dict[str, Any], source: Path) -> Path:
    name = frame.get("file_path")
    if not isinstance(name, str) or not name or "\0" in name or len(name) > 1000:
        raise InputError("has a frame without file_path", source=source)
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"names {name!r}, which lies outside of the folder", source=source)
    # NeRFace and IMavatar leave the ending out
    for ending in ("", *PICTURE_ENDINGS):
        found = path.with_name(path.name + ending)
        if found.is_file():
            return found
    raise InputError(f"names {name!r}, and there is no such picture", source=source)


def _place(frame: dict[str, Any], path: Path) -> tuple[Any, ...]:
    """When a picture was taken: by its number in time, or the numbers in its name."""
    index = frame.get("timestep_index")
    if isinstance(index, int) and not isinstance(index, bool):
        return (index, path.name)
    return (int("".join(re.findall(r"\d+", path.stem)[-1:]) or 0), path.name)
