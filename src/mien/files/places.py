"""Where files are to go: looked at before work begins, and what is said when a place takes none."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from mien.errors import InputError, MienError, OutputError
from mien.files.temporary import Temporary, remove_stale_once

_REASONS = {
    errno.ENOSPC: "the disk is full; make room",
    errno.EDQUOT: "the quota of disk space is used up; make room",
    errno.EROFS: "the disk is read-only; choose another place to write to",
    errno.EACCES: "permission denied; choose another place to write to",
    errno.EPERM: "not permitted; choose another place to write to",
    errno.EIO: "the disk fails; choose another place to write to",
}
_FULL_BYTES = 64 * 1024


WRITTEN_FILE, WRITTEN_FOLDER = "a file that is written", "a folder that is written to"
OutputFile = Annotated[Path, WRITTEN_FILE]
"""Type of a setting that names a file to write: commands look at its place before they begin."""
OutputFolder = Annotated[Path, WRITTEN_FOLDER]
"""Type of a setting that names a folder to write to."""


def check_folder_place(folder: str | Path) -> None:
    """Make a folder for results, and see before any work is done that files can be written to it.

    Raises:
        InputError: something else has this name, or a folder on the way cannot be made.
        OutputError: the disk is full, read-only or protected.
    """
    folder = Path(folder)
    with place_errors(folder):
        made_folder(folder)
        remove_stale_once(folder)
        _try(folder / "results")


def check_file_place(path: str | Path) -> None:
    """See before any work is done that a file can be written under this name. No folder is made.

    Raises:
        InputError, OutputError: see `check_folder_place`.
    """
    path = Path(path)
    with place_errors(path):
        check_target(path)
        _check_below(path.absolute().parent, source=path)


def check_folder_could_be_made(folder: str | Path) -> None:
    """`check_folder_place` without making the folder, if it is not there yet.

    Raises:
        InputError, OutputError: see `check_folder_place`.
    """
    folder = Path(folder)
    with place_errors(folder):
        _check_below(folder.absolute(), source=folder)


def _check_below(folder: Path, *, source: Path) -> None:
    """Look at a folder, or at the nearest one above it that exists."""
    nearest = folder
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise InputError(
            f"cannot be written to: {nearest} is not a folder; choose another place", source=source
        )
    if nearest == folder:
        remove_stale_once(folder)
    _try(nearest / "results")


def _try(path: Path) -> None:
    with Temporary.file_beside(path) as temporary, open(temporary, "wb") as stream:
        stream.write(b"\0" * 4096)
        stream.flush()
        os.fsync(stream.fileno())


def check_target(path: Path) -> None:
    """Complain about a name that holds what no file replaces.

    Raises:
        InputError: a folder, a device, …
    """
    if path.is_dir():
        raise InputError("is a folder, so no file can be written under this name", source=path)
    if path.exists() and not path.is_file():
        raise InputError("is a device or a pipe, so no file can take its place", source=path)


def made_folder(folder: Path) -> None:
    """Make a folder and those on the way.

    Raises:
        InputError: there is a file on the way.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(
            f"cannot make the folder {folder} ({_words(error)}); choose another place to write to",
            source=folder,
        ) from error


@contextmanager
def place_errors(path: Path) -> Iterator[None]:
    """Turn what the system says of a place that takes no files into `OutputError`.

    Raises:
        OutputError: the disk is full, read-only or protected; there will be no room for other files either.
        InputError: this file alone cannot be written.
    """
    try:
        yield
    except MienError:
        raise
    except Exception as error:
        number = error.errno if isinstance(error, OSError) else None
        if isinstance(error, OSError) and not _about(error, path):
            raise  # what is written was read from elsewhere, and that failed
        if number in _REASONS:
            raise OutputError(f"cannot be written: {_REASONS[number]}", source=path) from error
        # Not every library passes on the system's number.
        if "no space left" in str(error).lower() or _is_full(path):
            raise OutputError(f"cannot be written: {_REASONS[errno.ENOSPC]}", source=path) from error
        if isinstance(error, OSError) and number is not None:
            raise InputError(
                f"cannot be written ({_words(error)}); choose another place to write to", source=path
            ) from error
        raise


def _about(error: OSError, path: Path) -> bool:
    """Whether an error is about a place near `path`; errors of writing name none."""
    if not isinstance(error.filename, str | os.PathLike):
        return True
    place, path = Path(error.filename).absolute(), path.absolute()
    if place == path or place in path.parents:
        return True
    return path.parent in place.parents and ".mien-part" in str(place.relative_to(path.parent))


def _is_full(path: Path) -> bool:
    folder = path.absolute().parent
    try:
        system = os.statvfs(folder)
    except (OSError, AttributeError):
        return False
    # What holds nothing at all (/proc) is no disk that is full.
    return system.f_blocks > 0 and system.f_bavail * system.f_frsize < _FULL_BYTES


def _words(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
