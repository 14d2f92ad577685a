"""Dataclasses of settings out of a file's plain values, checked against the types of their fields."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from mien.errors import InputError

T = TypeVar("T")

LARGEST = 1_000_000_000
"""Of whole numbers that no range is given for."""


def checked_settings(
    kind: type[T],
    values: object,
    *,
    source: str | Path,
    what: str,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    unknown: bool = False,
) -> T:
    """An instance of a dataclass with fields of numbers, texts, truth values, choices and tuples of them.

    Args:
        values: names and values, as JSON holds them; lists become tuples. Missing ones take their defaults.
        what: they are, for messages: "config".
        ranges: smallest and largest value of numbers by name.
        unknown: leave out names that the dataclass has not, instead of refusing them.

    Raises:
        InputError: a name is unknown or missing, or a value is of another type, not finite or out of range.
    """
    if not isinstance(values, dict):
        raise InputError(f"is damaged: {what} must be an object {{…}}", source=source)
    hints = get_type_hints(kind)
    known = {field.name for field in fields(kind) if field.init}  # type: ignore[arg-type]
    strange = [name for name in values if name not in known]
    if strange and not unknown:
        raise InputError(f"has a {what} with the unknown {strange[0]!r}", source=source)
    ranges = ranges or {}
    checked = {}
    for name in known & values.keys():
        value = _as_tuple(values[name])
        low, high = ranges.get(name, (-LARGEST, LARGEST))
        if not _fits(value, hints[name], low, high):
            raise InputError(f"has a {what} in which {name} cannot be {_shown(values[name])}", source=source)
        checked[name] = value
    try:
        return kind(**checked)
    except TypeError as error:
        raise InputError(f"has an incomplete {what}", source=source) from error
    except ValueError as error:
        raise InputError(f"has a {what} that cannot be ({error})", source=source) from error


def _fits(value: object, hint: Any, low: float, high: float) -> bool:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(_fits(value, each, low, high) for each in arguments)
    if origin is Literal:
        return any(type(value) is type(each) and value == each for each in arguments)
    if origin is tuple:
        if not isinstance(value, tuple) or len(value) > 1000:
            return False
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return all(_fits(each, arguments[0], low, high) for each in value)
        return len(value) == len(arguments) and all(
            _fits(each, kind, low, high) for each, kind in zip(value, arguments, strict=True)
        )
    if hint is float:
        return type(value) in (int, float) and math.isfinite(value) and low <= value <= high  # type: ignore
    if hint is int:
        return type(value) is int and low <= value <= high
    if hint is type(None):
        return value is None
    return hint in (str, bool) and type(value) is hint


def _as_tuple(value: object) -> object:
    return tuple(map(_as_tuple, value)) if isinstance(value, list | tuple) else value


def _shown(value: object) -> str:
    if isinstance(value, list | dict):
        return f"such a {type(value).__name__}"
    shown = repr(value)
    return shown if len(shown) < 60 else shown[:57] + "…"
