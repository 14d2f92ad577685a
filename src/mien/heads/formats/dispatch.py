"""Which importer a file needs, told by its content and not by its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

from mien.heads.model import Head
from mien.reading.regular_files import check_regular, exists

_HDF5_START = b"\x89HDF\r\n\x1a\n"


def foreign_reader(path: Path) -> Callable[[Path], Head] | None:
    """The importer for a file or folder; None when it is (or should be) a head file of mien's own.

    Raises:
        InputError: it is a pipe or a device, or may not be opened.
    """
    if not exists(path):
        return None  # mien's own reader says so
    if path.is_dir():
        from mien.heads.formats.ict_facekit import read_ict_facekit_folder

        return read_ict_facekit_folder
    check_regular(path)
    with open(path, "rb") as stream:
        start = stream.read(8)
    if start.startswith(b"PK"):
        return _npz_reader(path)
    if start == _HDF5_START:
        from mien.heads.formats.bfm import read_bfm

        return read_bfm
    if start[:1] == b"\x80" or path.suffix == ".pkl":
        from mien.heads.formats.flame import read_flame

        return read_flame
    return None


def _npz_reader(path: Path) -> Callable[[Path], Head] | None:
    try:
        with ZipFile(path) as archive:
            names = {name.removesuffix(".npy") for name in archive.namelist()}
    except Exception:  # zipfile reports damage in many ways
        return None  # mien's own reader says what is wrong
    if "shape_bm_core" in names:
        from mien.heads.formats.facescape import read_facescape

        return read_facescape
    if {"v_template", "shapedirs"} <= names:
        from mien.heads.formats.flame import read_flame

        return read_flame
    return None
