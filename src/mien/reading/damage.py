"""Whatever a damaged file makes a parser run into, as one error that names the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mien.errors import InputError, MienError


@contextmanager
def damage_named(source: str | Path, message: str) -> Iterator[None]:
    """Turn every exception of the block into an `InputError`; mien's own pass as they are.

    Parsers of containers (zip, zlib, JSON, tar, NumPy, HDF5) report damage with whatever their code ran
    into: KeyError, RecursionError, MemoryError, zlib.error … No list of them is ever complete.

    Args:
        source: the file.
        message: what it is not, and what to do.

    Raises:
        InputError: the block raised anything but a MienError or an interruption.
    """
    try:
        yield
    except MienError:
        raise
    except Exception as error:
        raise InputError(message, source=source) from error
