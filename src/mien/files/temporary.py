"""Temporary names: random, taken exclusively, locked while their maker lives, removed when it does not."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_OURS = re.compile(r"\..*\.[0-9a-f]{16}\.mien-part(\.[^.]*)?", re.DOTALL)
_LONGEST = 80
"""Characters of a file's own name that its temporary name repeats; file systems allow 255 bytes in all."""
_OLD_S = 24 * 3600.0
"""Age from which a temporary file counts as left where the file system knows no locks."""
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EBADF}

_seen: set[Path] = set()
"""Folders that this process has cleared already."""


class Temporary:
    """Temporary files and folders; each is removed at the end of its `with` block if it is still there."""

    @staticmethod
    @contextmanager
    def file_beside(path: Path) -> Iterator[Path]:
        """An empty, locked file, with the permissions of the one at `path`, which it may replace."""

        def make(name: Path) -> int:
            return os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)

        temporary, lock = _made(path, make)
        try:
            with suppress(OSError):
                os.chmod(temporary, stat.S_IMODE(path.stat().st_mode))
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)
            os.close(lock)

    @staticmethod
    @contextmanager
    def folder_beside(path: Path) -> Iterator[Path]:
        """An empty folder, locked where folders can be."""

        def make(name: Path) -> int:
            name.mkdir()
            return os.open(name, os.O_RDONLY) if fcntl is not None else -1

        temporary, lock = _made(path, make)
        try:
            yield temporary
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            if lock >= 0:
                os.close(lock)


def _made(path: Path, make) -> tuple[Path, int]:
    """A new temporary name beside `path`, and what holds its lock."""
    stem, suffix = path.stem, path.suffix
    if len(suffix.encode()) > _LONGEST:
        stem, suffix = path.name, ""
    stem = stem.encode()[:_LONGEST].decode(errors="ignore")
    while True:
        name = path.with_name(f".{stem}.{secrets.token_hex(8)}.mien-part{suffix}")
        try:
            lock = make(name)
        except FileExistsError:  # once in 10¹⁹ times
            continue
        # Another run may have taken the name for a dead one's, before it was locked, and removed it.
        if lock < 0 or not _lock(lock) or _is_same(name, lock):
            return name, lock
        os.close(lock)


def _lock(handle: int) -> bool:
    """Whether the file could be locked by us."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_same(name: Path, handle: int) -> bool:
    try:
        return os.path.samestat(os.stat(name, follow_symlinks=False), os.fstat(handle))
    except OSError:
        return False


def remove_stale_once(folder: Path) -> None:
    """`remove_stale`, the first time that this process writes to a folder."""
    folder = folder.absolute()
    if folder not in _seen:
        _seen.add(folder)
        remove_stale(folder)


def remove_stale(folder: Path) -> list[Path]:
    """Remove what dead runs have left in a folder; returns the paths.

    Only what bears one of our temporary names is touched, and only if nobody holds its lock (the system lets
    go of it when a process dies, however it does) or, where there are no locks, if it is a day old.
    """
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if _OURS.fullmatch(entry.name)]
    except OSError:
        return []
    return [path for path in sorted(folder / name for name in names) if _removed_if_stale(path)]


def _removed_if_stale(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return False
    try:
        if not _nobodys(path, handle):
            return False
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _nobodys(path: Path, handle: int) -> bool:
    if fcntl is not None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return _is_same(path, handle)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                return False
    return time.time() - os.fstat(handle).st_mtime > _OLD_S


def sync(path: Path) -> None:
    """Bring a file, or a folder's list of names, to the disk.

    Raises:
        OSError: a file could not be written.
    """
    folder = path.is_dir()
    if folder and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if folder or os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    except OSError:
        if not folder:  # some file systems have no fsync for folders
            raise
    finally:
        os.close(handle)
