"""Files of `torch.save`, read without torch's unpickler: plain containers, numbers, texts and tensors."""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mien.errors import InputError
from mien.heads.formats.plain_pickle import numpy_array
from mien.reading.damage import damage_named
from mien.reading.npz import check_zip
from mien.reading.pickle_program import PersistentId, PickledCall, PickledName, PickleError, run_pickle
from mien.reading.regular_files import check_regular

MAX_DEPTH = 30
MAX_BYTES = 8_000_000_000
_TYPES = {
    "FloatStorage": torch.float32, "DoubleStorage": torch.float64, "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16, "LongStorage": torch.int64, "IntStorage": torch.int32,
    "ShortStorage": torch.int16, "CharStorage": torch.int8, "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}  # fmt: skip
_NUMPY = ("numpy.core.multiarray", "numpy._core.multiarray")
_REBUILD = ("_rebuild_tensor_v2", "_rebuild_tensor")


def read_torch_archive(path: str | Path, *, what: str) -> Any:
    """What `torch.save` wrote, on the CPU; nothing that the file names is called.

    Args:
        what: the message for files that are none or damaged.

    Raises:
        InputError: the file is missing, damaged, or holds other objects or numbers that are not finite.
    """
    size = check_regular(path)
    with damage_named(path, what), zipfile.ZipFile(path) as archive:
        check_zip(archive, size_bytes=size, source=path)
        names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        if len(names) != 1:
            raise InputError(what, source=path)
        reader = _Reader(archive, names[0].removesuffix("data.pkl"), path)
        try:
            return reader.of(run_pickle(io.BytesIO(archive.read(names[0]))))
        except PickleError as error:
            raise InputError(f"{what} ({error})", source=path) from error


class _Reader:
    def __init__(self, archive: zipfile.ZipFile, folder: str, source: str | Path) -> None:
        self.archive, self.folder, self.source = archive, folder, source
        self.storages: dict[str, Tensor] = {}
        self.bytes = 0

    def of(self, described: Any, depth: int = 0) -> Any:
        if depth > MAX_DEPTH:
            raise PickleError(f"its values are nested more than {MAX_DEPTH} times")
        if isinstance(described, dict):
            return {key: self.of(value, depth + 1) for key, value in described.items()}
        if isinstance(described, list):
            return [self.of(value, depth + 1) for value in described]
        if isinstance(described, tuple):
            return tuple(self.of(value, depth + 1) for value in described)
        if isinstance(described, PickledCall) and isinstance(described.function, PickledName):
            return self._called(described, described.function, depth)
        if isinstance(described, PickledCall | PickledName | PersistentId):
            raise PickleError("it refers to something that is neither a tensor nor plain")
        return described

    def _called(self, call: PickledCall, name: PickledName, depth: int) -> Any:
        if name == PickledName("collections", "OrderedDict") and call.arguments == ():
            return {key: self.of(value, depth + 1) for key, value in call.items}
        if name == PickledName("_codecs", "encode") and call.arguments[1:] == ("latin1",):
            return str(call.arguments[0]).encode("latin1")  # bytes, in old protocols
        if name.module == "torch._utils" and name.name in _REBUILD:
            return self._tensor(*call.arguments[:4])
        if name.module in _NUMPY and name.name == "_reconstruct":
            return numpy_array(call)
        if name == PickledName("torch._utils", "_rebuild_parameter"):
            return self.of(call.arguments[0], depth + 1)
        raise PickleError(f"it asks for {name.module}.{name.name}"[:200])

    def _tensor(self, storage: Any, offset: Any, shape: Any, strides: Any) -> Tensor:
        numbers = self._storage(storage)
        counts = (offset, *shape, *strides)
        if len(shape) != len(strides) or len(shape) > 8 or any(type(n) is not int or n < 0 for n in counts):
            raise PickleError("it has a tensor without a proper shape")
        last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
        if math.prod(shape) and last >= len(numbers):
            raise PickleError("it has a tensor that reaches beyond its numbers")
        # A stride of 0 makes much of little.
        self.bytes += math.prod(shape) * numbers.element_size()
        if self.bytes > MAX_BYTES:
            raise PickleError(f"its tensors take more than {MAX_BYTES / 1e9:.0f} GB")
        if not math.prod(shape):
            return torch.zeros(shape, dtype=numbers.dtype)
        return numbers.as_strided(shape, strides, offset).clone()

    def _storage(self, described: Any) -> Tensor:
        value = described.value if isinstance(described, PersistentId) else None
        if not isinstance(value, tuple) or len(value) != 5 or value[0] != "storage":
            raise PickleError("it has a tensor without numbers")
        kind, key, count = value[1], value[2], value[4]
        dtype = _TYPES.get(kind.name) if isinstance(kind, PickledName) and kind.module == "torch" else None
        if dtype is None or not isinstance(key, str) or not key.isdigit() or type(count) is not int:
            raise PickleError("it has a tensor of an unknown type")
        if key not in self.storages:
            content = self.archive.read(f"{self.folder}data/{key}")
            size = torch.empty(0, dtype=dtype).element_size()
            if count < 0 or len(content) != count * size:
                raise PickleError(f"it has a tensor that claims {count} numbers in {len(content)} bytes")
            numbers = torch.zeros(0, dtype=dtype)
            if count:
                numbers = torch.frombuffer(bytearray(content), dtype=dtype)
            if dtype.is_floating_point and not bool(torch.isfinite(numbers).all()):
                raise InputError("holds weights that are not finite (NaN or infinity)", source=self.source)
            self.storages[key] = numbers
        if self.storages[key].dtype != dtype:
            raise PickleError("it has numbers of two types in one place")
        return self.storages[key]
