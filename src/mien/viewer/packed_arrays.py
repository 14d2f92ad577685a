"""Arrays on their way to a page: a JSON header that says where each lies, and their bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from mien.reading.json_files import parse_json

ALIGNMENT = 4
TYPES = ("float32", "int16", "uint16", "uint32")
"""Those that a browser's typed arrays have as well; little-endian."""


def packed(arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> bytes:
    """One message: length of the header (uint32), header, arrays.

    Args:
        arrays: of one of `TYPES`.
        facts: whatever JSON holds, handed on as it is.
    """
    places, pieces, offset = [], [], 0
    for name, values in arrays.items():
        assert values.dtype.name in TYPES, (name, values.dtype)
        content = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<")).tobytes()
        places.append({"name": name, "type": values.dtype.name, "shape": values.shape, "offset": offset})
        pieces.append(content + b"\0" * (-len(content) % ALIGNMENT))
        offset += len(pieces[-1])
    header = json.dumps({"facts": facts, "arrays": places}, allow_nan=False).encode()
    header += b" " * (-len(header) % ALIGNMENT)
    return len(header).to_bytes(4, "little") + header + b"".join(pieces)


def unpacked(message: bytes) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and facts of a message, as the page reads them."""
    start = 4 + int.from_bytes(message[:4], "little")
    header = parse_json(message[4:start].decode(), source="message")
    arrays = {}
    for place in header["arrays"]:
        count = int(np.prod(place["shape"], dtype=int))
        kind = np.dtype(place["type"]).newbyteorder("<")
        values = np.frombuffer(message, kind, count, start + place["offset"])
        arrays[place["name"]] = values.reshape(place["shape"])
    return arrays, header["facts"]


def quantised(values: np.ndarray) -> tuple[np.ndarray, float]:
    """Values as int16, and what one step is worth: the error is at most half of that."""
    step = float(np.abs(values).max(initial=0.0)) / np.iinfo(np.int16).max
    if step == 0.0:
        return np.zeros(values.shape, np.int16), 0.0
    return np.rint(values / step).astype(np.int16), step
