"""Expression maps as plain data, .npz or .json, and back without loss and without running code."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from mien import __version__
from mien.errors import InputError
from mien.files import atomic_path
from mien.heads.expression_map import ExpressionMap

FORMAT_VERSION = 1

_NAMES = ("from_head", "from_version", "to_head", "to_version")
_ARRAYS = ("weights", "motion_mm", "residual_mm", "gram_mm2", "cross_mm2", "own_mm2")


def save_expression_map(expression_map: ExpressionMap, path: str | Path) -> Path:
    """Write a map of expressions; `mien.read_expression_map` reads it back without loss.

    Args:
        expression_map: of `mien.map_expressions`.
        path: a name that ends in .npz (small) or .json (read by everything; NaN becomes null).

    Returns:
        The path written.

    Raises:
        InputError: another suffix.
    """
    path = Path(path)
    _check_suffix(path)
    document: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "mien_version": __version__,
        "kind": "expression map",
        "units": "millimetres in the size of the head that weights are for",
        **{name: getattr(expression_map, name) for name in _NAMES},
        "ridge": expression_map.ridge,
        "from_names": list(expression_map.from_names),
        "to_names": list(expression_map.to_names),
    }
    arrays = {name: getattr(expression_map, name) for name in _ARRAYS}
    if path.suffix.lower() == ".npz":
        file = io.BytesIO()
        np.savez_compressed(file, document=np.array(json.dumps(document)), **arrays)
        content = file.getvalue()
    else:
        plain = {name: _plain(values.tolist()) for name, values in arrays.items()}
        rows = (f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in {**document, **plain}.items())
        content = ("{\n" + ",\n".join(rows) + "\n}\n").encode()
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    return path


def read_expression_map(path: str | Path) -> ExpressionMap:
    """A map of expressions saved by `mien.save_expression_map`.

    Args:
        path: the file.

    Raises:
        InputError: no such file, not one of ours, or a newer format.
    """
    path = Path(path)
    _check_suffix(path)
    try:
        if path.suffix.lower() == ".npz":
            with np.load(path, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            document = json.loads(str(arrays.pop("document")))
        else:
            document = json.loads(path.read_text("utf-8"))
            arrays = {name: np.array(document[name], float) for name in _ARRAYS}
        if document["kind"] != "expression map":
            raise ValueError
        version = int(document["format_version"])
    except FileNotFoundError as error:
        raise InputError("there is no such file", source=path) from error
    except Exception as error:  # a damaged archive can fail in any way
        raise InputError("is no expression map; make one with mien.map_expressions", source=path) from error
    if version > FORMAT_VERSION:
        raise InputError(
            f"has format version {version}, newer than {FORMAT_VERSION}; update mien to read it", source=path
        )
    one, other = len(document["from_names"]), len(document["to_names"])
    shapes = ((one, other), (one,), (one,), (other, other), (other, one), (one, one))
    values: dict[str, Any] = {name: str(document[name]) for name in _NAMES}
    values |= {name: arrays[name].reshape(shape) for name, shape in zip(_ARRAYS, shapes, strict=True)}
    return ExpressionMap(
        from_names=tuple(document["from_names"]),
        to_names=tuple(document["to_names"]),
        ridge=float(document["ridge"]),
        **values,
    )


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() not in (".npz", ".json"):
        raise InputError("an expression map's name ends in .npz or .json", source=path)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return None if value != value else value
