"""Whether files are whole, told by their own formats."""

from __future__ import annotations

import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from mien.errors import MienError

PART = ".mien-part"
"""What temporary names contain."""


def damaged_files(folder: Path) -> list[str]:
    """Files below a folder, those under temporary names left out, that are not whole, and why."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_dir() or any(PART in part for part in path.relative_to(folder).parts):
            continue
        check = _CHECKS.get(path.suffix)
        try:
            if check is None:
                found.append(f"{path}: files of this kind cannot be checked")
            else:
                check(path)
        except (MienError, OSError, ValueError, LookupError, zipfile.BadZipFile, tarfile.TarError) as error:
            found.append(f"{path}: {type(error).__name__}: {error}")
    return found


def left_files(folder: Path) -> list[Path]:
    """What lies below a folder under temporary names."""
    return [path for path in folder.rglob("*") if PART in path.name]


def _text(path: Path) -> None:
    if not path.read_text(encoding="utf-8").endswith("\n"):
        raise ValueError("the last line has no end")


def _json(path: Path) -> None:
    json.loads(path.read_text(encoding="utf-8"))


def _json_lines(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        json.loads(line)


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        bad = archive.testzip()
        if bad is not None or not archive.namelist():
            raise ValueError(f"{bad} is damaged")


def _tar(path: Path) -> None:
    with tarfile.open(path, errorlevel=2) as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is None or len(file.read()) != member.size:
                raise ValueError(f"{member.name} is cut short")
    with open(path, "rb") as stream:
        stream.seek(-1024, 2)
        if stream.read().strip(b"\0"):
            raise ValueError("its end is missing")


def _picture(path: Path) -> None:
    from mien.images.photo import read_image

    read_image(path)


def _video(path: Path) -> None:
    from mien.images.video import open_video

    with open_video(path) as video:
        if not sum(1 for _ in video) or video.truncated:
            raise ValueError("is cut short")


def _glb(path: Path) -> None:
    content = path.read_bytes()
    if content[:4] != b"glTF" or int.from_bytes(content[8:12], "little") != len(content):
        raise ValueError("its length is not what it says")


def _safetensors(path: Path) -> None:
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    ends = [item["data_offsets"][1] for name, item in header.items() if name != "__metadata__"]
    if 8 + length + max(ends) != len(content):
        raise ValueError("its length is not what it says")


_CHECKS: dict[str, Callable[[Path], None]] = {
    ".csv": _text, ".txt": _text, ".obj": _text, ".mtl": _text,
    ".json": _json, ".jsonl": _json_lines,
    ".npz": _zip, ".pt": _zip, ".tar": _tar,
    ".png": _picture, ".jpg": _picture, ".mp4": _video,
    ".glb": _glb, ".safetensors": _safetensors,
}  # fmt: skip
