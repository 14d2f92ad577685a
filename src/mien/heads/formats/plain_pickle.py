"""Arrays out of a pickle without running anything that the pickle names.

A pickle is a program: it names callables and has them called. This reader resolves a short list of names
only, none of which does more than build arrays and plain containers; anything else raises before it is
touched. Objects of chumpy and of SciPy's sparse matrices become records of their attributes, so neither is
imported.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from mien.errors import InputError


class Record:
    """Stands for an object of a library that is not imported: keeps the state that was pickled."""

    def __init__(self, *_: Any) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        self.state = state if isinstance(state, dict) else {}


class _Chumpy(Record):
    pass


class _Sparse(Record):
    pass


def _encode(text: str, encoding: str = "latin1") -> bytes:
    """`_codecs.encode` as Python 3 pickles use it for bytes; other codecs are refused."""
    if encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"codec {encoding!r}")
    return text.encode("latin1")


def _reconstruct(kind: type, base: type, state: Any) -> Any:
    """`copy_reg._reconstructor` for plain objects."""
    if not issubclass(kind, Record) or base is not object or state is not None:
        raise pickle.UnpicklingError("an object of an unknown kind")
    return kind()


def _empty_array(kind: Any, shape: Any, dtype: Any) -> np.ndarray:
    """numpy's `_reconstruct`: an array that its state fills later."""
    if kind is not np.ndarray:
        raise pickle.UnpicklingError("an array of an unknown kind")
    return np.empty(shape, dtype=np.dtype(dtype) if isinstance(dtype, str) else np.int8)


def _from_buffer(data: Any, dtype: Any, shape: Any, order: str) -> np.ndarray:
    """numpy's `_frombuffer` of newer pickles."""
    return np.frombuffer(data, dtype=dtype).reshape(shape, order="F" if order == "F" else "C")


def _scalar(dtype: np.dtype, value: Any = None) -> Any:
    if dtype.hasobject or not isinstance(value, bytes | str):
        raise pickle.UnpicklingError("a scalar of an unknown kind")
    data = value.encode("latin1") if isinstance(value, str) else value
    return np.frombuffer(data, dtype)[0]


_SAFE: dict[tuple[str, str], Any] = {
    ("_codecs", "encode"): _encode,
    ("copy_reg", "_reconstructor"): _reconstruct,
    ("copyreg", "_reconstructor"): _reconstruct,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}
_SAFE |= {(module, name): kind for module in ("builtins", "__builtin__") for name, kind in (
    ("object", object), ("set", set), ("list", list), ("dict", dict), ("tuple", tuple), ("int", int),
    ("float", float), ("bytearray", bytearray),
)}  # fmt: skip
_SAFE |= {(f"{core}.multiarray", name): function
          for core in ("numpy.core", "numpy._core")
          for name, function in (("_reconstruct", _empty_array), ("scalar", _scalar))}  # fmt: skip
_SAFE |= {(f"{core}.numeric", "_frombuffer"): _from_buffer for core in ("numpy.core", "numpy._core")}


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _SAFE:
            return _SAFE[module, name]
        if module.split(".")[0] == "chumpy":
            return _Chumpy
        if module.startswith("scipy.sparse") and name in ("csc_matrix", "csr_matrix", "coo_matrix"):
            return type(name, (_Sparse,), {})
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


def read_plain_pickle(path: str | Path) -> dict[str, Any]:
    """The dictionary in a pickle, its chumpy and sparse values turned into dense arrays.

    Python 2 pickles are read as latin1, as the models of that time need.

    Raises:
        InputError: the file holds no dictionary, is broken, or names anything but arrays and containers.
    """
    path = Path(path)
    try:
        stream = path.open("rb")
    except FileNotFoundError as error:
        raise InputError("there is no such file", source=path) from error
    with stream:
        content = unpickle_plain(stream)
    if not isinstance(content, dict):
        raise InputError("the pickle holds no dictionary of arrays", source=path)
    return {str(key): _plain(value, f"{path}: {key}") for key, value in content.items()}


def unpickle_plain(stream: BinaryIO) -> Any:
    """What the pickle at a stream's position holds, with the same short list of names.

    Raises:
        InputError: it is broken or names anything but arrays and containers.
    """
    source = getattr(stream, "name", None)
    try:
        return _PlainUnpickler(stream, encoding="latin1").load()
    except pickle.UnpicklingError as error:
        raise InputError(
            f"this pickle is not read: {error}, and mien runs nothing that a file names. "
            "Save its arrays as .npz instead",
            source=source,
        ) from error
    except Exception as error:  # a broken pickle can fail in any way
        raise InputError(f"is no readable pickle ({type(error).__name__})", source=source) from error


def _plain(value: Any, source: str) -> Any:
    if isinstance(value, _Chumpy):
        if "x" not in value.state:
            raise InputError(
                "is a chumpy expression, not an array; save the model as .npz from a program that has chumpy",
                source=source,
            )
        return _plain(value.state["x"], source)
    if isinstance(value, _Sparse):
        return _dense(type(value).__name__, value.state, source)
    return value


def _dense(kind: str, state: dict[str, Any], source: str) -> np.ndarray:
    try:
        shape = tuple(int(n) for n in state.get("_shape", state.get("shape")))  # type: ignore[union-attr]
        dense = np.zeros(shape)
        if kind == "coo_matrix":
            rows, columns = state["row"], state["col"]
        else:
            outer = np.repeat(np.arange(len(state["indptr"]) - 1), np.diff(state["indptr"]))
            inner = state["indices"]
            rows, columns = (inner, outer) if kind == "csc_matrix" else (outer, inner)
        np.add.at(dense, (rows, columns), state["data"])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InputError(f"its sparse matrix ({kind}) is not laid out as expected", source=source) from error
    return dense
