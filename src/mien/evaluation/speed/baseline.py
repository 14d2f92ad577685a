"""An earlier result of `mien benchmark speed`, to compare with."""

from __future__ import annotations

from pathlib import Path

from mien.reading.file_values import FileValues
from mien.reading.json_files import read_json_object


def read_baseline(path: Path) -> dict[str, float]:
    """Median milliseconds by what was timed, from an earlier result.

    Raises:
        InputError: the file is none.
    """
    document = read_json_object(
        path,
        missing="no such file; make it with: mien benchmark speed --json",
        what="is not a result of `mien benchmark speed --json`",
    )
    remedy = "make it with: mien benchmark speed --json"
    timings = FileValues(document, source=path, remedy=remedy).objects("timings", "timings")
    rows = [FileValues(timing, source=path, remedy=remedy) for timing in timings]
    return {row.text("name"): row.number("median_ms", low=0.0) for row in rows}
