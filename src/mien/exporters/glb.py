"""The binary glTF 2.0 container: a JSON document, one buffer, and typed accessors into it.

Source: Khronos glTF 2.0 specification, §3.6 (binary data) and §4 (GLB).
"""

from __future__ import annotations

import io
import json
import shutil
import struct
import tempfile
import weakref
from typing import Any

import numpy as np

from mien.errors import InputError

_COMPONENT_TYPES = {"float32": 5126, "uint32": 5125, "uint16": 5123, "uint8": 5121}
_ELEMENT_TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}

ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963
_VECTOR_BYTES = 12
_IN_MEMORY_BYTES = 16 << 20
"""Files up to this size are put together in memory, larger ones in a temporary file."""


class GlbBuilder:
    """Collects the document's parts; `accessor` and its kin return the index to refer to."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = {"asset": {"version": "2.0"}, "accessors": [], "bufferViews": []}
        self._binary = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115
        self._finalizer = weakref.finalize(self, self._binary.close)
        self._length = 0

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
        item = {
            "componentType": component_type(flat),
            "count": len(flat),
            "type": _ELEMENT_TYPES[flat.shape[1]],
        }
        if values.ndim == 3:  # glTF stores matrices column by column
            flat = np.ascontiguousarray(values.transpose(0, 2, 1)).reshape(len(values), -1)
        item = {"bufferView": self.view(plain_bytes(flat), target=target), **item}
        if bounds:
            item |= bounds_of(flat)
        return self.add("accessors", item)

    def zero_vectors(self, rows: int) -> int:
        """A view of so many vectors of three zeros, which any number of accessors may share."""
        # Views that vertex attributes share must state their stride (specification, §3.6.2.4).
        return self.view(bytes(_VECTOR_BYTES * rows), target=ARRAY_BUFFER, stride=_VECTOR_BYTES)

    def picture(self, data: bytes, *, mime_type: str, name: str, sampler: int) -> int:
        """Embed an encoded picture; returns its texture."""
        image = self.add("images", {"name": name, "mimeType": mime_type, "bufferView": self.view(data)})
        return self.add("textures", {"name": name, "source": image, "sampler": sampler})

    def view(self, data: bytes, *, target: int | None = None, stride: int | None = None) -> int:
        """Store bytes as a buffer view, on a boundary of four."""
        self._put(self._length, b"\0" * (-self._length % 4))
        view: dict[str, Any] = {"buffer": 0, "byteOffset": self._length, "byteLength": len(data)}
        if stride is not None:
            view["byteStride"] = stride
        if target is not None:
            view["target"] = target
        self._put(self._length, data)
        return self.add("bufferViews", view)

    def growing(self, count: int, columns: int) -> GrowingAccessor:
        """A float32 accessor of a known size, filled piece by piece: (count,) scalars or (count, k) vectors.

        Args:
            columns: 1 for scalars.
        """
        self._put(self._length, b"\0" * (-self._length % 4))
        size = 4 * count * columns
        offset, self._length = self._length, self._length + size
        view = self.add("bufferViews", {"buffer": 0, "byteOffset": offset, "byteLength": size})
        item = {
            "bufferView": view,
            "componentType": _COMPONENT_TYPES["float32"],
            "count": count,
            "type": _ELEMENT_TYPES[columns],
        }
        return GrowingAccessor(self, self.add("accessors", item), offset)

    def _put(self, offset: int, data: bytes) -> None:
        self._binary.seek(offset)
        self._binary.write(data)
        self._length = max(self._length, offset + len(data))

    def to_bytes(self) -> bytes:
        """The finished .glb file."""
        stream = io.BytesIO()
        self.write(stream)
        return stream.getvalue()

    def write(self, stream: Any) -> None:
        """Write the finished .glb file to a binary stream."""
        self.document["buffers"] = [{"byteLength": self._length}]
        text = json.dumps(self.document, separators=(",", ":"), allow_nan=False).encode()
        text += b" " * (-len(text) % 4)
        self._put(self._length, b"\0" * (-self._length % 4))
        total = 12 + 8 + len(text) + 8 + self._length
        if total >= 1 << 32:
            raise InputError("is too long for a .glb, which holds 4 GB; export a part of the track")
        header = struct.pack("<4sII", b"glTF", 2, total)
        text_header = struct.pack("<I4s", len(text), b"JSON")
        binary_header = struct.pack("<I4s", self._length, b"BIN\0")
        stream.write(b"".join([header, text_header, text, binary_header]))
        self._binary.seek(0)
        shutil.copyfileobj(self._binary, stream)


class GrowingAccessor:
    """An accessor whose values come piece by piece.

    Attributes:
        index: to refer to it.
    """

    def __init__(self, builder: GlbBuilder, index: int, offset: int) -> None:
        self.index = index
        self._builder, self._offset = builder, offset

    def append(self, values: np.ndarray) -> None:
        """The next values."""
        data = plain_bytes(np.ascontiguousarray(values, np.float32))
        self._builder._put(self._offset, data)
        self._offset += len(data)


def component_type(values: np.ndarray) -> int:
    """glTF's number for the type of an array."""
    return _COMPONENT_TYPES[values.dtype.name]


def plain_bytes(values: np.ndarray) -> bytes:
    """The array's bytes, little-endian."""
    return values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()


def bounds_of(flat: np.ndarray) -> dict[str, list[float]]:
    """Smallest and largest value of each column, as accessors have them."""
    return {"min": flat.min(axis=0).tolist(), "max": flat.max(axis=0).tolist()}
