"""NumPy's `.npz` archives: arrays by name, measured against the file before they are unpacked."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from mien.errors import InputError
from mien.reading.array_members import ArrayMember
from mien.reading.damage import damage_named
from mien.reading.npy import read_npy_header, read_npy_stream
from mien.reading.regular_files import check_regular

MAX_RATIO = 1100
"""What deflate can shrink by at most is 1032; a claim beyond it is a lie."""
FREE_BYTES, PLAUSIBLE_RATIO = 200_000_000, 100
"""Archives that unpack to more than the first must not grow by more than the second: numbers of real models
shrink to a third, empty ones to a thousandth."""
_ENCRYPTED = 0x1


def check_zip(
    archive: zipfile.ZipFile, *, size_bytes: int, source: str | Path, in_parts: bool = False
) -> None:
    """Hold what a zip archive claims against its size.

    Args:
        in_parts: it is never unpacked as a whole, so that it may hold more than memory does.

    Raises:
        InputError: a member is encrypted, packed in an unusual way, larger than it can be, or all together
            are much larger than anything real.
    """
    total = 0
    for info in archive.infolist():
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError("is packed in a way that is not read; save it with NumPy again", source=source)
        if info.flag_bits & _ENCRYPTED:
            raise InputError("is encrypted", source=source)
        if info.compress_size > size_bytes or info.file_size > MAX_RATIO * info.compress_size + 1024:
            raise InputError(
                f"is damaged: it claims more than it can hold ({info.filename!r})", source=source
            )
        total += info.file_size
    if not in_parts and total > max(FREE_BYTES, PLAUSIBLE_RATIO * size_bytes):
        raise InputError(
            f"would unpack to {total / 1e6:.0f} MB out of {size_bytes / 1e6:.3g} MB, which no real file does",
            source=source,
        )


class ArrayArchive:
    """The members of an open `.npz`; a mapping from names to `ArrayMember`."""

    def __init__(self, archive: zipfile.ZipFile, source: str | Path) -> None:
        self._archive, self._source = archive, source
        self._infos = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}

    def __contains__(self, name: object) -> bool:
        return name in self._infos

    def __iter__(self) -> Iterator[str]:
        return iter(self._infos)

    def __len__(self) -> int:
        return len(self._infos)

    def __getitem__(self, name: str) -> ArrayMember:
        info = self._infos[name]
        source = f"{self._source}: {name}"
        with damage_named(source, "is damaged; copy the file again"):
            with self._archive.open(info) as stream:
                shape, dtype, _, _ = read_npy_header(stream, source=source)

            def read() -> np.ndarray:
                with (
                    damage_named(source, "is damaged; copy the file again"),
                    self._archive.open(info) as stream,
                ):
                    values = read_npy_stream(stream, available_bytes=info.file_size, source=source)
                    stream.read(1)  # the checksum is compared at the end
                    return values

        return ArrayMember(shape, dtype, read)


@contextmanager
def open_npz(
    path: str | Path, *, what: str, missing: str = "there is no such file"
) -> Iterator[ArrayArchive]:
    """An `.npz` file; whatever goes wrong inside the block is an `InputError` that says `what`.

    Args:
        what: what the file is not, and what to do.
        missing: what to say when there is nothing.

    Raises:
        InputError: as said.
    """
    size = check_regular(path, missing=missing)
    with damage_named(path, what), open(path, "rb") as stream, zipfile.ZipFile(stream) as archive:
        check_zip(archive, size_bytes=size, source=path)
        yield ArrayArchive(archive, path)
