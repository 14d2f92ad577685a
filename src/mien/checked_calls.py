"""Public functions that look at what they are given before they begin.

Without them a list in place of a picture would end as an AttributeError from deep within.
"""

from __future__ import annotations

import collections.abc
import functools
import inspect
import numbers
import types
import typing
from collections.abc import Callable
from typing import Any, TypeVar

from mien.errors import InputError, ShapeError, check_type

Function = TypeVar("Function", bound=Callable[..., Any])
Check = Callable[[object, str, str], None]


def checked_call(function: Function) -> Function:
    """The function, with arguments of other types than its annotations name refused.

    An `InputError` shows the right call, a `ShapeError` the shape of an array with another number of axes.

    Types are read when it is first called. What an annotation says beyond classes and axes (shapes, ranges,
    finiteness) is the function's own to check, and so are names that are imported for type checkers alone.
    """
    signature = inspect.signature(function)

    @functools.cache
    def checks() -> dict[str, Check]:
        found = {
            name: _check_of(_resolved(each.annotation, function))
            for name, each in signature.parameters.items()
        }
        return {name: check for name, check in found.items() if check is not None}

    call = _call_of(function, signature)

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError:
            return function(*args, **kwargs)  # Python's own words for missing and unknown arguments
        for name, check in checks().items():
            if name in given:
                check(given[name], name, call)
        return function(*args, **kwargs)

    return typing.cast(Function, checked)


def _call_of(function: Callable[..., Any], signature: inspect.Signature) -> str:
    name = function.__qualname__.removesuffix(".__init__")
    needed = [
        each.name if each.kind is not each.KEYWORD_ONLY else f"{each.name}=…"
        for each in signature.parameters.values()
        if each.default is each.empty and each.kind is not each.VAR_KEYWORD and each.name != "self"
    ]
    return f"mien.{name}({', '.join(needed)})"


def _resolved(annotation: object, function: Callable[..., Any]) -> object:
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, getattr(inspect.unwrap(function), "__globals__", {}))
    except Exception:
        return Any  # a name that only type checkers import


def _check_of(annotation: object) -> Check | None:
    """A check of one argument; None where its annotation allows anything, or cannot be read."""
    members = typing.get_args(annotation) if _is_union(annotation) else (annotation,)
    kinds: list[type] = []
    arrays: list[Any] = []
    elements: list[tuple[type, Check | None]] = []
    for member in members:
        if hasattr(member, "array_type") and hasattr(member, "dim_str"):
            arrays.append(member)
            kinds.append(member.array_type)
            continue
        origin = typing.get_origin(member)
        kind = type(None) if member is None else (origin or member)
        if not isinstance(kind, type) or kind in (Any, object, inspect.Parameter.empty):
            return None
        if getattr(kind, "_is_protocol", False) and not getattr(kind, "_is_runtime_protocol", False):
            return None
        if kind in (int, float):
            kind = numbers.Real
        if origin in (collections.abc.Sequence, list, tuple) and typing.get_args(member):
            elements.append((kind, _check_of(typing.get_args(member)[0])))
        kinds.append(kind)

    def check(value: object, argument: str, call: str) -> None:
        text_for_many = isinstance(value, str | bytes) and str not in kinds and bytes not in kinds
        if text_for_many and any(issubclass(kind, collections.abc.Iterable) for kind in kinds):
            raise InputError(f"{argument} should be a list, not a text. The call is {call}")
        pictures = any(list(array.dtypes) == ["uint8"] for array in arrays)
        if arrays and not pictures and isinstance(value, list | tuple) and len(kinds) == len(arrays):
            return  # many functions take lists of numbers for arrays
        check_type(value, tuple(kinds), argument=argument, call=call)
        for array in arrays:
            _check_axes(value, array, argument, alone=len(arrays) == 1)
        for kind, element in elements:
            if element is not None and isinstance(value, kind) and isinstance(value, list | tuple):
                for index, each in enumerate(value):
                    element(each, f"{argument}[{index}]", call)

    return check


def _check_axes(value: Any, array: Any, argument: str, *, alone: bool) -> None:
    axes = array.dim_str.split()
    if not alone or not isinstance(value, array.array_type) or any(each[0] in "*." for each in axes):
        return
    pixels = list(array.dtypes) == ["uint8"]
    if len(value.shape) != len(axes) or (pixels and str(value.dtype) != "uint8"):
        expected = f"({', '.join(axes)})" + (" of dtype uint8" if pixels else "")
        raise ShapeError(f"{argument} of dtype {value.dtype}", expected=expected, actual=value.shape)


def _is_union(annotation: object) -> bool:
    return typing.get_origin(annotation) in (typing.Union, types.UnionType)
