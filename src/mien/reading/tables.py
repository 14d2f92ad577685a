"""Comma-separated tables."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from mien.reading.damage import damage_named
from mien.reading.regular_files import read_text


def read_rows(path: str | Path, *, missing: str = "there is no such file") -> list[list[str]]:
    """The rows of a .csv file, the header among them.

    Raises:
        InputError: it is missing, no ordinary file, too large, no text, or no table.
    """
    text = read_text(path, missing=missing)
    with damage_named(path, "is no table of comma-separated values"):
        return list(csv.reader(io.StringIO(text, newline="")))
