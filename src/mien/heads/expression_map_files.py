"""Expression maps as plain data, .npz or .json, and back without loss and without running code."""

from __future__ import annotations

import io
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from mien import __version__
from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.files import atomic_path
from mien.heads.expression_map import UNSEEN_MM, ExpressionMap
from mien.reading.array_members import MAX_TEXT_LENGTH
from mien.reading.damage import damage_named
from mien.reading.file_values import FileValues
from mien.reading.json_files import parse_json, read_json_object
from mien.reading.npz import open_npz

FORMAT_VERSION = 1

_NAMES = ("from_head", "from_version", "to_head", "to_version")
_ARRAYS = ("weights", "motion_mm", "residual_mm", "gram_mm2", "cross_mm2", "own_mm2")


@checked_call
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


@checked_call
def read_expression_map(path: str | Path) -> ExpressionMap:
    """A map of expressions saved by `mien.save_expression_map`.

    Args:
        path: the file.

    Raises:
        InputError: no such file, not one of ours, or a newer format.
    """
    path = Path(path)
    _check_suffix(path)
    no_map = "is no expression map; make one with mien.map_expressions"
    with ExitStack() as stack:
        stack.enter_context(damage_named(path, no_map))
        if path.suffix.lower() == ".npz":
            archive = stack.enter_context(open_npz(path, what=no_map))
            text = FileValues(archive, source=path).text("document", longest=MAX_TEXT_LENGTH)
            members = {name: archive[name] for name in archive if name != "document"}
            document = {**parse_json(text, source=path, what=no_map), **members}
        else:
            document = read_json_object(path, what=no_map)
        if document["kind"] != "expression map" or type(document["format_version"]) is not int:
            raise InputError(no_map, source=path)
        version = document["format_version"]
        if not 1 <= version <= FORMAT_VERSION:
            raise InputError(
                f"has format version {version}, and this mien reads 1 to {FORMAT_VERSION}; update mien to "
                "read it",
                source=path,
            )
        return _map_of(FileValues(document, source=path, remedy="make it anew with mien.map_expressions"))


def _map_of(values: FileValues) -> ExpressionMap:
    from_names, to_names = values.texts("from_names", "from"), values.texts("to_names", "to")
    motion_mm = values.array("motion_mm", "from", low=0.0, high=1e6)
    residual_mm = values.array("residual_mm", "from", low=0.0, high=1e6, nan=True)
    if (np.isnan(residual_mm) & (motion_mm >= UNSEEN_MM)).any():
        raise values.damaged("residual_mm holds NaN for expressions that move points")
    products: dict[str, Any] = {"low": -1e12, "high": 1e12}
    found = ExpressionMap(
        *(values.text(name) for name in _NAMES),
        from_names=from_names,
        to_names=to_names,
        weights=values.array("weights", "from to", low=-0.01, high=1.01),
        motion_mm=motion_mm,
        residual_mm=residual_mm,
        gram_mm2=values.array("gram_mm2", "to to", **products),
        cross_mm2=values.array("cross_mm2", "to from", **products),
        own_mm2=values.array("own_mm2", "from from", **products),
        ridge=values.number("ridge", low=0.0, high=1e6),
    )
    for name in ("gram_mm2", "own_mm2"):
        square = getattr(found, name)
        if not np.allclose(square, square.T, rtol=1e-6, atol=1e-9) or (np.diagonal(square) < -1e-9).any():
            raise values.damaged(f"{name} holds no inner products")
    return found


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() not in (".npz", ".json"):
        raise InputError("an expression map's name ends in .npz or .json", source=path)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return None if value != value else value
