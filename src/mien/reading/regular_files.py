"""Opening files: ordinary ones alone, no larger than what is expected, text in any of Unicode's encodings."""

from __future__ import annotations

import codecs
import os
import stat
from pathlib import Path

from mien.errors import InputError

MAX_TEXT_BYTES = 2_000_000_000
"""Of text that is read in one go: saved tracks of long videos are the largest."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte-order marks, as programs on Windows put before text."""


def exists(path: Path) -> bool:
    """Whether there is anything under a name; False for names that no file can have."""
    try:
        os.stat(path)
    except (OSError, ValueError):  # too long, a NUL inside, halves of characters
        return False
    return True


def check_regular(path: str | Path, *, missing: str = "there is no such file") -> int:
    """Refuse what is no ordinary file before it is opened: pipes and devices would never end.

    Args:
        missing: what to say when there is nothing.

    Returns:
        The file's size in bytes.

    Raises:
        InputError: it is missing, a folder, a pipe, a socket or a device, or may not be looked at.
    """
    try:
        status = os.stat(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(missing, source=path) from error
    except ValueError as error:
        raise InputError("is no name that a file can have", source=path) from error
    except OSError as error:
        raise InputError(f"cannot be opened ({_reason(error)})", source=path) from error
    if stat.S_ISDIR(status.st_mode):
        raise InputError("is a folder, where a file is expected", source=path)
    if not stat.S_ISREG(status.st_mode):
        raise InputError("is a pipe or a device, not an ordinary file; save what it gives first", source=path)
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise InputError(f"cannot be opened ({_reason(error)})", source=path) from error
    return status.st_size


def read_bytes(
    path: str | Path, *, limit_bytes: int = MAX_TEXT_BYTES, missing: str = "there is no such file"
) -> bytes:
    """The whole of an ordinary file.

    Args:
        limit_bytes: larger files are refused before they are read.
        missing: what to say when there is nothing.

    Raises:
        InputError: as `check_regular`; or it is too large or cannot be read.
    """
    size = check_regular(path, missing=missing)
    if size > limit_bytes:
        raise InputError(
            f"has {size / 1e6:.0f} MB, more than the {limit_bytes / 1e6:.0f} MB that such a file may have",
            source=path,
        )
    try:
        with open(path, "rb") as stream:
            return stream.read(limit_bytes + 1)[:limit_bytes]
    except OSError as error:
        raise InputError(f"cannot be read ({_reason(error)})", source=path) from error


def decoded_text(content: bytes, *, source: str | Path) -> str:
    """Text as UTF-8, or as what its byte-order mark says, without the mark.

    Raises:
        InputError: it is no text.
    """
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeError as error:
        raise InputError("is not a text file (UTF-8)", source=source) from error


def read_text(
    path: str | Path, *, limit_bytes: int = MAX_TEXT_BYTES, missing: str = "there is no such file"
) -> str:
    """The text of a file, with or without a byte-order mark.

    Raises:
        InputError: as `read_bytes`, or it is no text.
    """
    return decoded_text(read_bytes(path, limit_bytes=limit_bytes, missing=missing), source=path)


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
