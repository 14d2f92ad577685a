"""Arrays out of a pickle without running anything that the pickle names.

`mien.reading.pickle_program` says what a pickle describes; here a short list of such descriptions becomes
arrays and plain containers: NumPy's arrays of plain numbers, chumpy's arrays, SciPy's sparse matrices.
Anything else is refused. Types come from a fixed list and never from the file's own description of them.
"""

from __future__ import annotations

import math
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import numpy as np

from mien.errors import InputError, printable
from mien.reading.array_members import MAX_ARRAY_BYTES, PLAIN_TYPES
from mien.reading.pickle_program import PersistentId, PickledCall, PickledName, PickleError, run_pickle
from mien.reading.regular_files import check_regular

MAX_DEPTH = 30
"""Containers inside each other."""
MAX_ITEMS = 2_000_000
"""Of all lists and dictionaries together."""
MAX_TOTAL_BYTES = 2_000_000_000
"""Of all arrays together, so that many that share their bytes stay small; FLAME has 60 MB."""
MAX_SPARSE_BYTES = 100_000_000
"""Of a sparse matrix once it is dense; FLAME's largest takes 0.2 MB."""

_NUMPY = ("numpy.core.multiarray", "numpy._core.multiarray", "numpy")
_NUMERIC = ("numpy.core.numeric", "numpy._core.numeric")
_COPYREG = ("copy_reg", "copyreg")
_BUILTINS = ("builtins", "__builtin__")
_SPARSE = ("csc_matrix", "csr_matrix", "coo_matrix")


class Record:
    """Stands for an object of a library that is not imported: keeps the state that was pickled."""

    def __init__(self, kind: str, state: dict[str, Any]) -> None:
        self.kind, self.state = kind, state


def read_plain_pickle(path: str | Path) -> dict[str, Any]:
    """The dictionary in a pickle, its chumpy and sparse values turned into dense arrays.

    Python 2 pickles are read as latin1, as the models of that time need.

    Raises:
        InputError: the file holds no dictionary, is broken, or names anything but arrays and containers.
    """
    path = Path(path)
    check_regular(path)
    with path.open("rb") as stream:
        content = unpickle_plain(stream)
    if not isinstance(content, dict):
        raise InputError("the pickle holds no dictionary of arrays", source=path)
    return {str(key): _plain(value, f"{path}: {key}") for key, value in content.items()}


def unpickle_plain(stream: BufferedIOBase) -> Any:
    """What the pickle at a stream's position holds, with the same short list of descriptions.

    Raises:
        InputError: it is broken or names anything but arrays and containers.
    """
    source = getattr(stream, "name", None)
    try:
        return _Values().of(run_pickle(stream))
    except PickleError as error:
        raise InputError(
            f"this pickle is not read: {error}, and mien runs nothing that a file names. "
            "Save its arrays as .npz instead",
            source=source,
        ) from error
    except Exception as error:  # a broken pickle can fail in any way
        raise InputError(f"is no readable pickle ({type(error).__name__})", source=source) from error


class _Values:
    """Descriptions made into values, each once, however often the pickle refers to it."""

    def __init__(self) -> None:
        self._made: dict[int, Any] = {}
        self._kept: list[Any] = []  # so that no id is used twice
        self._items = self._bytes = 0

    def of(self, described: Any, depth: int = 0) -> Any:
        if not isinstance(described, list | dict | tuple | PickledCall | PickledName | PersistentId):
            return described
        if depth > MAX_DEPTH:
            raise PickleError(f"its values are nested more than {MAX_DEPTH} times")
        key = id(described)
        if key not in self._made:
            self._kept.append(described)
            self._made[key] = self._counted(self._make(described, depth + 1))
        return self._made[key]

    def _counted(self, value: Any) -> Any:
        self._items += len(value) if isinstance(value, list | tuple | dict) else 1
        self._bytes += value.nbytes if isinstance(value, np.ndarray) else 0
        if self._items > MAX_ITEMS or self._bytes > MAX_TOTAL_BYTES:
            raise PickleError("it describes far more than it holds")
        return value

    def _make(self, described: Any, depth: int) -> Any:
        if isinstance(described, list):
            return [self.of(each, depth) for each in described]
        if isinstance(described, tuple):
            return tuple(self.of(each, depth) for each in described)
        if isinstance(described, dict):
            return {key: self.of(each, depth) for key, each in described.items()}
        if isinstance(described, PickledCall) and isinstance(described.function, PickledName):
            return self._called(described, described.function, depth)
        if isinstance(described, PickledName):
            raise PickleError(f"it asks for {_shown(described)}")
        raise PickleError("it refers to something beside it, or calls what it has made itself")

    def _called(self, call: PickledCall, name: PickledName, depth: int) -> Any:
        arguments = call.arguments
        if name == PickledName("_codecs", "encode"):
            return _encoded(*arguments)
        if name.module in _NUMPY and name.name == "_reconstruct":
            objects = _objects(call)
            return numpy_array(call) if objects is None else self.of(objects, depth)
        if name.module in _NUMPY and name.name == "scalar":
            return _scalar(*arguments)
        if name.module in _NUMERIC and name.name == "_frombuffer":
            return _from_buffer(*arguments)
        if name.module in _BUILTINS and name.name in ("set", "list", "tuple", "dict", "bytearray"):
            return self._container(name.name, call, depth)
        if name.module in _COPYREG and name.name == "_reconstructor":
            kind, *rest = arguments
            if not isinstance(kind, PickledName) or rest[1:] != [None]:
                raise PickleError("it describes an object of an unknown kind")
            return self._record(kind, call.state, depth)
        return self._record(name, call.state, depth)

    def _container(self, kind: str, call: PickledCall, depth: int) -> Any:
        if kind == "bytearray":  # a number would ask for so many zeros
            content = _encoded_argument(call.arguments[0]) if call.arguments else b""
            return content
        content = list(self.of(call.arguments[0], depth)) if call.arguments else []
        if kind == "dict":
            return dict(call.items)
        return content + [self.of(each, depth) for each in call.items]

    def _record(self, name: PickledName, state: Any, depth: int) -> Record:
        chumpy = name.module.split(".")[0] == "chumpy"
        if not chumpy and not (name.module.startswith("scipy.sparse") and name.name in _SPARSE):
            raise PickleError(f"it asks for {_shown(name)}")
        values = self.of(state, depth)
        return Record("chumpy" if chumpy else name.name, values if isinstance(values, dict) else {})


def _shown(name: PickledName) -> str:
    return printable(f"{name.module}.{name.name}")[:200]


def _encoded(text: Any, encoding: Any = "latin1") -> bytes:
    """`_codecs.encode` as Python 3 pickles use it for bytes; other codecs are refused."""
    if encoding not in ("latin1", "latin-1") or not isinstance(text, str):
        raise PickleError("it asks for a codec other than latin1")
    return text.encode("latin1")


def _encoded_argument(value: Any) -> bytes:
    """Bytes that a pickle holds as they are, as text, or as a call of `_codecs.encode`."""
    if isinstance(value, PickledCall) and value.function == PickledName("_codecs", "encode"):
        return _encoded(*value.arguments)
    if isinstance(value, PickledCall) and value.function in (
        PickledName("builtins", "bytearray"),
        PickledName("__builtin__", "bytearray"),
    ):
        return _encoded_argument(value.arguments[0]) if value.arguments else b""
    if isinstance(value, str):
        return value.encode("latin1")
    if not isinstance(value, bytes):
        raise PickleError("it holds numbers that are no bytes")
    return value


def _dtype(described: Any) -> np.dtype:
    """A type from the fixed list of plain ones; what the file says beyond its name is its order of bytes."""
    if (
        not isinstance(described, PickledCall)
        or not isinstance(described.function, PickledName)
        or (described.function.module, described.function.name) != ("numpy", "dtype")
        or not described.arguments
    ):
        raise PickleError("it has an array of an unknown type")
    name, state = described.arguments[0], described.state
    if not isinstance(name, str) or name.lstrip("<>|=") not in PLAIN_TYPES:
        shown = printable(name)[:20] if isinstance(name, str) else "object"
        raise PickleError(f"it has an array of the type {shown!r}; mien reads plain numbers alone")
    order = state[1] if isinstance(state, tuple) and len(state) > 1 else name[0]
    order = order.decode("latin1") if isinstance(order, bytes) else order
    # Fields, sub-arrays and flags have no place in plain numbers.
    if isinstance(state, tuple) and any(part is not None for part in state[2:5]):
        raise PickleError("it has an array of records")
    dtype = PLAIN_TYPES[name.lstrip("<>|=")]
    return dtype.newbyteorder(">" if order == ">" else "<" if order == "<" else "=")


def _shaped(data: bytes, dtype: np.dtype, shape: Any, *, first_fastest: bool) -> np.ndarray:
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape) or len(shape) > 8:
        raise PickleError("it has an array without a proper shape")
    size = math.prod(shape) * dtype.itemsize
    if size != len(data) or size > MAX_ARRAY_BYTES:
        raise PickleError(f"it has an array that claims {size} bytes and holds {len(data)}")
    values = np.frombuffer(data, dtype).reshape(shape, order="F" if first_fastest else "C")
    return values.astype(dtype.newbyteorder("="))


def numpy_array(call: PickledCall) -> np.ndarray:
    """NumPy's `_reconstruct(ndarray, …)` with the state (version, shape, type, Fortran order, bytes)."""
    if not call.arguments or call.arguments[0] != PickledName("numpy", "ndarray"):
        raise PickleError("it has an array of an unknown kind")
    state = call.state
    if not isinstance(state, tuple) or len(state) not in (4, 5):
        raise PickleError("it has an array without its numbers")
    shape, dtype, first_fastest, data = state[-4:]
    return _shaped(_encoded_argument(data), _dtype(dtype), shape, first_fastest=bool(first_fastest))


def _objects(call: PickledCall) -> Any:
    """What an array of objects holds, as plain lists and never as such an array: numpy.save keeps
    dictionaries so. None for arrays of numbers."""
    state = call.state
    if not isinstance(state, tuple) or len(state) not in (4, 5) or not isinstance(state[-1], list):
        return None
    shape, items = state[-4], state[-1]
    if not isinstance(shape, tuple) or len(shape) > 1 or math.prod(shape) != len(items):
        raise PickleError("it has an array of objects in several dimensions")
    return items if shape else items[0]


def _from_buffer(data: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    """NumPy's `_frombuffer` of newer pickles."""
    return _shaped(_encoded_argument(data), _dtype(dtype), shape, first_fastest=order == "F")


def _scalar(dtype: Any, value: Any = None) -> Any:
    return _shaped(_encoded_argument(value), _dtype(dtype), (1,), first_fastest=False)[0]


def _plain(value: Any, source: str) -> Any:
    for _ in range(MAX_DEPTH):
        if not isinstance(value, Record) or value.kind != "chumpy":
            break
        if "x" not in value.state:
            raise InputError(
                "is a chumpy expression, not an array; save the model as .npz from a program that has chumpy",
                source=source,
            )
        value = value.state["x"]
    return _dense(value.kind, value.state, source) if isinstance(value, Record) else value


def _dense(kind: str, state: dict[str, Any], source: str) -> np.ndarray:
    try:
        rows, columns = (int(n) for n in state.get("_shape", state.get("shape")))  # type: ignore[union-attr]
        if rows < 0 or columns < 0 or 8 * rows * columns > MAX_SPARSE_BYTES:
            raise InputError(
                f"claims a sparse matrix of {rows} × {columns}, more than any head has", source=source
            )
        dense = np.zeros((rows, columns))
        if kind == "coo_matrix":
            places = _indices(state["row"]), _indices(state["col"])
        else:
            counts = np.diff(_indices(state["indptr"]))
            inner = _indices(state["indices"])
            if counts.min(initial=0) < 0 or counts.sum() != len(inner):
                raise ValueError("its rows do not match its entries")
            outer = np.repeat(np.arange(len(counts)), counts)
            places = (inner, outer) if kind == "csc_matrix" else (outer, inner)
        if min(places[0].min(initial=0), places[1].min(initial=0)) < 0:
            raise ValueError("it has negative places")
        np.add.at(dense, places, _vector(state["data"]).astype(float))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise InputError(f"its sparse matrix ({kind}) is not laid out as expected", source=source) from error
    return dense


def _vector(value: Any) -> np.ndarray:
    if not isinstance(value, np.ndarray) or value.ndim != 1:
        raise ValueError("it lacks an array")
    return value


def _indices(value: Any) -> np.ndarray:
    return _vector(value).astype(np.int64)
