"""Writing files so that a stopped run leaves no half file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mien.errors import InputError


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary name beside `path`; rename it to `path` on success, remove it on failure.

    The temporary name keeps the suffix, because many writers choose the format by it. Missing folders
    are made.

        with atomic_path("out/face.png") as temporary:
            write(temporary)

    Raises:
        InputError: the folder cannot be made or the file cannot be put there.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot make the folder {path.parent} ({_reason(error)}); choose another place to write to",
            source=path,
        ) from error
    if path.is_dir():
        raise InputError("is a folder, so no file can be written under this name", source=path)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    except PermissionError as error:
        raise InputError(
            f"cannot be written ({_reason(error)}); choose another place to write to", source=path
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write a UTF-8 text file in one step.

    Raises:
        InputError: see `atomic_path`.
    """
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
