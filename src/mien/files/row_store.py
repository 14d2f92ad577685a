"""Rows of numbers that grow beyond memory: a few lie in it, many in a temporary file."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mien.errors import OutputError

IN_MEMORY_BYTES = 1 << 20
"""Rows up to this size stay in memory."""


class RowStore:
    """Arrays of one shape and type, appended, read and replaced by number.

    The file has no name, so that nothing of it is left, however the process ends.
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any, *, folder: Path | None = None) -> None:
        """
        Args:
            shape, dtype: of a row.
            folder: where the file lies; the system's place for temporary files when None.
        """
        self.shape, self.dtype = shape, np.dtype(dtype)
        self._row_bytes = int(np.prod(shape, dtype=int)) * self.dtype.itemsize
        place = None if folder is None else str(folder)
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES, dir=place)  # noqa: SIM115
        self._folder = folder
        self._finalizer = weakref.finalize(self, self._file.close)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, row: np.ndarray) -> None:
        """Add a row.

        Raises:
            OutputError: there is no room for temporary files.
        """
        self.extend(row[None])

    def extend(self, rows: np.ndarray) -> None:
        """Add rows.

        Raises:
            OutputError: as `append`.
        """
        self._write(self._count, rows)
        self._count += len(rows)

    def __setitem__(self, index: int, row: np.ndarray) -> None:
        assert 0 <= index < self._count
        self._write(index, row[None])

    def __getitem__(self, index: int) -> np.ndarray:
        return self.rows(index, index + 1)[0]

    def rows(self, start: int, stop: int) -> np.ndarray:
        """(stop − start, …) consecutive rows."""
        assert 0 <= start <= stop <= self._count
        self._file.seek(start * self._row_bytes)
        content = self._file.read((stop - start) * self._row_bytes)
        return np.frombuffer(content, self.dtype).reshape(stop - start, *self.shape).copy()

    def blocks(self, rows: int = 256) -> Iterator[np.ndarray]:
        """All rows in order, some at a time."""
        for start in range(0, self._count, rows):
            yield self.rows(start, min(start + rows, self._count))

    def close(self) -> None:
        """Let go of memory and file."""
        self._finalizer()

    def _write(self, index: int, rows: np.ndarray) -> None:
        values = np.ascontiguousarray(rows, self.dtype)
        assert values.shape[1:] == self.shape, (values.shape, self.shape)
        try:
            self._file.seek(index * self._row_bytes)
            self._file.write(values.tobytes())
        except OSError as error:
            raise OutputError(
                f"temporary files cannot be written ({os.strerror(error.errno or 0).lower()}); make room or "
                "name another place with the environment variable TMPDIR",
                source=self._folder or tempfile.gettempdir(),
            ) from error
