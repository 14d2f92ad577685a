"""JSON of limited depth."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from mien.errors import InputError
from mien.reading.regular_files import MAX_TEXT_BYTES, decoded_text, read_bytes

MAX_DEPTH = 100
"""Lists and objects inside each other; no file that mien knows has more than ten."""

_DEEP = re.compile(r"[\[{]\s*" * MAX_DEPTH)
"""So many openings in a row; others are found by Python's own limit."""


def parse_json(text: str, *, source: str | Path, what: str = "is not JSON") -> Any:
    """What JSON text says.

    Args:
        source: the file, for messages.
        what: the message's beginning.

    Raises:
        InputError: it is no JSON or is nested too deeply.
    """
    if _DEEP.search(text):
        raise InputError(f"{what}: it is nested more than {MAX_DEPTH} times", source=source)
    try:
        return json.loads(text)
    except RecursionError as error:
        raise InputError(f"{what}: it is nested too deeply", source=source) from error
    except MemoryError as error:
        raise InputError(f"{what}: it does not fit into memory", source=source) from error
    except ValueError as error:
        raise InputError(f"{what} ({error})", source=source) from error


def read_json(
    path: str | Path,
    *,
    missing: str = "there is no such file",
    what: str = "is not JSON",
    limit_bytes: int = MAX_TEXT_BYTES,
) -> Any:
    """What a JSON file says.

    Raises:
        InputError: as `mien.reading.regular_files.read_bytes` and `parse_json`.
    """
    content = read_bytes(path, limit_bytes=limit_bytes, missing=missing)
    try:
        text = decoded_text(content, source=path)
    except InputError as error:
        raise InputError(f"{what} (it is no text)", source=path) from error
    return parse_json(text, source=path, what=what)


def read_json_object(
    path: str | Path,
    *,
    missing: str = "there is no such file",
    what: str = "is not JSON",
    limit_bytes: int = MAX_TEXT_BYTES,
) -> dict[str, Any]:
    """What a JSON file says whose outermost value is an object.

    Raises:
        InputError: as `read_json`, or it is something else.
    """
    content = read_json(path, missing=missing, what=what, limit_bytes=limit_bytes)
    if not isinstance(content, dict):
        raise InputError(f"{what}: expected an object {{…}} at its top", source=path)
    return content
