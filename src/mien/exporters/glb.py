"""The binary glTF 2.0 container: a JSON document, one buffer, and typed accessors into it.

Source: Khronos glTF 2.0 specification, §3.6 (binary data) and §4 (GLB).
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, Integer

_COMPONENT_TYPES = {"float32": 5126, "uint32": 5125, "uint16": 5123, "uint8": 5121}
_ELEMENT_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}

ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963


@dataclass(frozen=True)
class SparseRows:
    """(n, 3) displacements of which most are zero.

    Attributes:
        count: n.
        moved: (k,) uint16 or uint32 indices of the others.
        values: (k, 3) float32 their displacements.
        bounds: smallest and largest value of each column, as accessors want them.
    """

    count: int
    moved: Integer[np.ndarray, " k"]
    values: Float32[np.ndarray, "k 3"]
    bounds: dict[str, list[float]]

    @staticmethod
    def of(displacements: Float[np.ndarray, "n 3"], *, threshold: float) -> SparseRows:
        """Rows no longer than the threshold become zero."""
        count = len(displacements)
        moved = np.flatnonzero(np.abs(displacements).max(axis=1, initial=0.0) > threshold)
        values = displacements[moved].astype(np.float32)
        ends = values if len(moved) == count else np.concatenate([values, np.zeros((1, 3), np.float32)])
        return SparseRows(
            count, moved.astype(np.uint16 if count <= 0xFFFF else np.uint32), values, _bounds(ends)
        )

    def dense(self) -> Float32[np.ndarray, "n 3"]:
        """All rows."""
        rows = np.zeros((self.count, 3), np.float32)
        rows[self.moved] = self.values
        return rows


class GlbBuilder:
    """Collects the document's parts; `accessor` and its kin return the index to refer to."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = {"asset": {"version": "2.0"}, "accessors": [], "bufferViews": []}
        self._binary = bytearray()

    def add(self, collection: str, item: dict[str, Any]) -> int:
        """Append to one of the document's lists ("nodes", "meshes", …)."""
        items = self.document.setdefault(collection, [])
        items.append(item)
        return len(items) - 1

    def accessor(self, values: np.ndarray, *, target: int | None = None, bounds: bool = False) -> int:
        """Store a dense array: (n,) scalars, (n, k) vectors or (n, 4, 4) matrices.

        Args:
            target: ARRAY_BUFFER for vertex attributes, ELEMENT_ARRAY_BUFFER for indices.
            bounds: write min and max (required for positions and for animation times).
        """
        flat = np.ascontiguousarray(values).reshape(len(values), -1)
        item = self._describe(flat)
        if values.ndim == 3:  # glTF stores matrices column by column
            flat = np.ascontiguousarray(values.transpose(0, 2, 1)).reshape(len(values), -1)
        item = {"bufferView": self._view(flat, target), **item}
        if bounds:
            item |= _bounds(flat)
        return self.add("accessors", item)

    def sparse_accessor(self, rows: SparseRows) -> int:
        """Store displacements, those that are zero left out where that is smaller."""
        if len(rows.moved) * (12 + rows.moved.itemsize) >= 12 * rows.count:
            return self.accessor(rows.dense(), target=ARRAY_BUFFER, bounds=True)
        item = {
            "componentType": _COMPONENT_TYPES["float32"],
            "count": rows.count,
            "type": "VEC3",
            **rows.bounds,
        }
        if len(rows.moved):
            item["sparse"] = {
                "count": len(rows.moved),
                "indices": {
                    "bufferView": self._view(rows.moved[:, None], None),
                    "componentType": _COMPONENT_TYPES[rows.moved.dtype.name],
                },
                "values": {"bufferView": self._view(rows.values, None)},
            }
        return self.add("accessors", item)

    def to_bytes(self) -> bytes:
        """The finished .glb file."""
        self.document["buffers"] = [{"byteLength": len(self._binary)}]
        text = json.dumps(self.document, separators=(",", ":"), allow_nan=False).encode()
        text += b" " * (-len(text) % 4)
        binary = bytes(self._binary) + b"\0" * (-len(self._binary) % 4)
        header = struct.pack("<4sII", b"glTF", 2, 12 + 8 + len(text) + 8 + len(binary))
        text_header = struct.pack("<I4s", len(text), b"JSON")
        binary_header = struct.pack("<I4s", len(binary), b"BIN\0")
        return b"".join([header, text_header, text, binary_header, binary])

    def _view(self, flat: np.ndarray, target: int | None) -> int:
        data = flat.astype(flat.dtype.newbyteorder("<"), copy=False).tobytes()
        self._binary += b"\0" * (-len(self._binary) % 4)
        view: dict[str, Any] = {"buffer": 0, "byteOffset": len(self._binary), "byteLength": len(data)}
        if target is not None:
            view["target"] = target
        self._binary += data
        return self.add("bufferViews", view)

    @staticmethod
    def _describe(flat: np.ndarray) -> dict[str, Any]:
        return {
            "componentType": _COMPONENT_TYPES[flat.dtype.name],
            "count": len(flat),
            "type": _ELEMENT_TYPES[flat.shape[1]],
        }


def _bounds(flat: np.ndarray) -> dict[str, list[float]]:
    return {"min": flat.min(axis=0).tolist(), "max": flat.max(axis=0).tolist()}
