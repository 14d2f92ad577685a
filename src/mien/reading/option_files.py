"""Options by name from a JSON or TOML file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from mien.errors import InputError
from mien.reading.json_files import parse_json
from mien.reading.regular_files import read_text

MAX_BYTES = 10_000_000


def read_option_file(path: Path) -> dict[str, Any]:
    """What a file of options says.

    Raises:
        InputError: the file is missing, neither JSON nor (.toml) TOML, or holds anything but finite values.
    """
    text = read_text(path, limit_bytes=MAX_BYTES, missing="there is no such file of options")
    try:
        if path.suffix == ".toml":
            try:
                import tomllib
            except ImportError as error:  # Python 3.10
                raise InputError("reading TOML needs Python 3.11; write it as JSON", source=path) from error
            values = tomllib.loads(text)
        else:
            values = parse_json(text, source=path, what="neither JSON nor (.toml) TOML")
    except (ValueError, RecursionError) as error:
        raise InputError(f"neither JSON nor (.toml) TOML: {error}", source=path) from error
    if not isinstance(values, dict):
        raise InputError("should hold options by name", source=path)
    _refuse_not_finite(values, path)
    return values


def _refuse_not_finite(value: Any, path: Path) -> None:
    """NaN and infinity are no options, though TOML and Python's JSON know them."""
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"holds the number {value}; options are finite", source=path)
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _refuse_not_finite(each, path)
