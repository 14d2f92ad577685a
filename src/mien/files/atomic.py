"""Files and folders that appear under their names only when they are complete."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mien.errors import InputError
from mien.files.places import check_target, made_folder, place_errors
from mien.files.temporary import Temporary, remove_stale_once, sync


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; rename it to `path` on success, remove it on failure.

    The temporary file is there already, empty, and locked: fill it in place (other programs' writers that
    rename a file of their own onto it work too, but their file is not locked). Its name keeps the suffix,
    because many writers choose the format by it. Missing folders are made.

        with atomic_path("out/face.png") as temporary:
            write(temporary)

    Raises:
        InputError: there is something under this name that is no file.
        OutputError: the place takes no file: the disk is full, read-only or protected.
    """
    path = Path(path)
    with place_errors(path):
        check_target(path)
        made_folder(path.parent)
        remove_stale_once(path.parent)
        with Temporary.file_beside(path) as temporary:
            yield temporary
            sync(temporary)
            os.replace(temporary, path)
            sync(path.parent)


@contextmanager
def new_folder(path: str | Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; rename it to `path` on success, remove it on failure.

    Raises:
        InputError: there is something under this name already, other than an empty folder.
        OutputError: see `atomic_path`.
    """
    path = Path(path)
    with place_errors(path):
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise InputError("is there already; choose another name", source=path)
        made_folder(path.parent)
        remove_stale_once(path.parent)
        with Temporary.folder_beside(path) as temporary:
            yield temporary
            for root, _, names in os.walk(temporary):
                for name in names:
                    sync(Path(root) / name)
                sync(Path(root))
            os.replace(temporary, path)
            sync(path.parent)


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write a file in one step.

    Raises:
        InputError, OutputError: see `atomic_path`.
    """
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: str | Path, text: str) -> None:
    """Write a UTF-8 text file in one step.

    Raises:
        InputError, OutputError: see `atomic_path`.
    """
    write_bytes(path, text.encode("utf-8"))
