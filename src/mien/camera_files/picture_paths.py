"""Where the pictures are that a file of cameras names, whichever program on whichever system wrote it."""

from __future__ import annotations

import os
import re
from pathlib import Path, PureWindowsPath

from mien.errors import InputError
from mien.reading.regular_files import exists

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp")
MAX_NAME = 1000
MAX_PART_BYTES = 255
"""Longest name within a folder, on every file system in use."""


def picture_path(folder: Path, name: object, *, source: str | Path, outside: bool = False) -> Path:
    """The picture of a name.

    Backslashes are taken for separators where there is no file of the name as it stands; a name without
    suffix stands for the one picture with it.

    Args:
        folder: that names are relative to.
        outside: let names lead out of the folder.

    Returns:
        The path, also of a picture that is not there.

    Raises:
        InputError: it is no name, or leads out of the folder.
    """
    if not isinstance(name, str) or not name or not _could_be(name):
        raise InputError(f"names a picture that cannot be: {str(name)[:60]!r}", source=source)
    candidates = [Path(name)]
    if "\\" in name:
        candidates.append(Path(PureWindowsPath(name).as_posix()))
    for candidate in candidates:
        path = folder / candidate
        if exists(path) and not path.is_dir():
            return _inside(path, folder, name, source, outside)
    path = _inside(folder / candidates[-1], folder, name, source, outside)
    return _with_suffix(path) or path


def _could_be(name: str) -> bool:
    """Whether a file may have the name: half a surrogate pair, for one, is not text that a disk can hold."""
    if len(name) > MAX_NAME or "\0" in name:
        return False
    try:
        encoded = os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return all(len(part) <= MAX_PART_BYTES for part in re.split(rb"[/\\]", encoded))


def _inside(path: Path, folder: Path, name: str, source: str | Path, outside: bool) -> Path:
    base, found = os.path.abspath(folder), os.path.abspath(path)
    windows_drive = PureWindowsPath(name).drive and os.name != "nt"
    if not outside and (windows_drive or os.path.commonpath([base, found]) != base):
        raise InputError(
            f"names {name!r}, which lies outside its folder; move the pictures there and name them relative "
            "to it, or allow it (paths_outside=True, --paths-outside) if you trust the file",
            source=source,
        )
    return path


def _with_suffix(path: Path) -> Path | None:
    """The picture that a name without suffix stands for; dots in it need not begin a suffix."""
    try:
        beside = os.listdir(path.parent)
    except (OSError, ValueError):
        return None
    wanted = {f"{path.name}{suffix}".lower(): rank for rank, suffix in enumerate(SUFFIXES)}
    matches = [name for name in beside if name.lower() in wanted and name.startswith(path.name)]
    return path.parent / min(matches, key=lambda name: wanted[name.lower()]) if matches else None
