"""Values out of a file, each checked for shape, type, range and finiteness as it is taken."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mien.errors import InputError
from mien.reading.array_members import ArrayMember

Kind = Literal["number", "integer", "flag"]

MAX_TEXT = 100_000
"""Characters of a name."""
_WORDS = {"Infinity": math.inf, "-Infinity": -math.inf}
"""Infinities in strict JSON, as mien writes them; NaN is null."""


class FileValues:
    """The values of one file by name. A size that a shape names must be the same wherever it is named.

    >>> values = FileValues(json_object, source=path)
    >>> identity = values.array("identity", "identity", low=-1e3, high=1e3)
    >>> basis_m = values.array("identity_basis_m", "identity vertices 3")

    Attributes:
        source: the file, for messages.
        sizes: what named sizes have been found to be; set one beforehand to demand it.
    """

    def __init__(
        self,
        values: Mapping[str, Any] | Any,
        *,
        source: str | Path,
        sizes: dict[str, int] | None = None,
        remedy: str = "copy the file again",
    ) -> None:
        """
        Args:
            values: numbers, texts, lists, arrays and `ArrayMember`s by name, which need not fit: everything
                is checked.
            remedy: what to do about a damaged file, at the end of messages.
        """
        self.source, self.remedy = source, remedy
        self.sizes = {} if sizes is None else dict(sizes)
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def array(
        self,
        name: str,
        shape: str,
        *,
        kind: Kind = "number",
        low: float = -math.inf,
        high: float = math.inf,
        nan: bool = False,
        infinite: bool = False,
    ) -> np.ndarray:
        """An array.

        Args:
            shape: lengths of its axes, names or numbers: "frames landmarks 2"; "" is a single value.
            kind: "number" gives float64, "integer" int64, "flag" bool. An integer is no flag, and neither is
                text a number.
            low, high: smallest and largest value.
            nan, infinite: whether NaN (null in JSON) and infinities may be among them.

        Raises:
            InputError: it is missing or not so; the message says what was expected and what came.
        """
        axes = shape.split()
        value = self._named(name)
        if isinstance(value, list):
            value = self._from_lists(name, value, len(axes), shape)
        if not isinstance(value, np.ndarray | ArrayMember):
            raise self._wrong(name, f"an array of the shape ({shape.strip()})", value)
        lengths = self._check_shape(name, tuple(value.shape), axes)
        if isinstance(value, ArrayMember):
            value = value.read()
        return self._checked(name, value.reshape(lengths), kind, low, high, nan, infinite)

    def stored(
        self,
        name: str,
        shape: str,
        dtype: type[np.number] | type[np.bool_],
        *,
        low: float = -math.inf,
        high: float = math.inf,
        nan: bool = False,
    ) -> np.ndarray:
        """An array of the very type that mien stores, which is kept: tables too large to be widened.

        Args:
            shape: as for `array`.
            dtype: its type.
            low, high: smallest and largest value.
            nan: whether NaN may be among them; infinities never may.

        Raises:
            InputError: it is missing, or has another shape, type or range.
        """
        value, axes, wanted = self._named(name), shape.split(), np.dtype(dtype)
        if not isinstance(value, np.ndarray | ArrayMember) or value.dtype.newbyteorder("=") != wanted:
            raise self._wrong(name, f"an array of {wanted} of the shape ({shape.strip()})", value)
        lengths = self._check_shape(name, tuple(value.shape), axes)
        values = value.read() if isinstance(value, ArrayMember) else value
        values = values.astype(wanted, copy=False).reshape(lengths)
        if wanted.kind != "b" and values.size:
            # Extremes alone are looked at: they need no copy of the whole.
            flat = values.reshape(-1)
            least, most = float(np.fmin.reduce(flat)), float(np.fmax.reduce(flat))
            self._check_extremes(name, values, least, most, low, high, nan)
        return values

    def number(
        self, name: str, *, low: float = -math.inf, high: float = math.inf, nan: bool = False
    ) -> float:
        """A single finite number.

        Raises:
            InputError: it is missing, none, or out of range.
        """
        return float(self._single(name, "number", low, high, nan))

    def integer(self, name: str, *, low: int = 0, high: int = 2**31) -> int:
        """A single whole number.

        Raises:
            InputError: it is missing, none, or out of range.
        """
        return int(self._single(name, "integer", low, high))

    def flag(self, name: str) -> bool:
        """True or false.

        Raises:
            InputError: it is missing or neither.
        """
        return bool(self._single(name, "flag", -math.inf, math.inf))

    def text(self, name: str, *, choices: Sequence[str] = (), longest: int = MAX_TEXT) -> str:
        """A text.

        Args:
            choices: what it must be one of.

        Raises:
            InputError: it is missing, no text, too long, or none of the choices.
        """
        value = self._named(name)
        if isinstance(value, ArrayMember):
            value = value.read() if value.shape == () and value.dtype.kind == "U" else None
        if isinstance(value, np.ndarray) and value.shape == () and value.dtype.kind == "U":
            value = str(value)
        if not isinstance(value, str) or len(value) > longest:
            raise self._wrong(name, "a text", value)
        if choices and value not in choices:
            raise self._wrong(name, f"one of {', '.join(choices)}", value)
        return value

    def texts(self, name: str, size: str) -> tuple[str, ...]:
        """A list of texts.

        Args:
            size: name of its length.

        Raises:
            InputError: it is missing, no list of texts, or of another length.
        """
        value = self._named(name)
        if isinstance(value, ArrayMember):
            if len(value.shape) != 1 or (value.dtype.kind != "U" and value.shape != (0,)):
                raise self._wrong(name, "a list of texts", value)
            value = [str(each) for each in value.read()]
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
            raise self._wrong(name, "a list of texts", value)
        self._check_shape(name, (len(value),), [size])
        return tuple(value)

    def objects(self, name: str, size: str) -> list[dict[str, Any]]:
        """A list of objects, whose values are not checked yet.

        Args:
            size: name of its length.

        Raises:
            InputError: it is missing, no list of objects, or of another length.
        """
        value = self._named(name)
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise self._wrong(name, "a list of objects {…}", value)
        self._check_shape(name, (len(value),), [size])
        return value

    def same_size(self, name: str, decoded: np.ndarray, shape: str) -> np.ndarray:
        """What a value was decoded to, once its shape is as for `array`.

        Raises:
            InputError: it has another shape.
        """
        return decoded.reshape(self._check_shape(name, decoded.shape, shape.split()))

    def inner(self, name: str) -> FileValues:
        """The values of an object inside.

        Raises:
            InputError: it is missing or no object.
        """
        value = self._named(name)
        if not isinstance(value, dict):
            raise self._wrong(name, "an object {…}", value)
        return FileValues(value, source=self.source, remedy=self.remedy)

    def damaged(self, what: str) -> InputError:
        """An error that names the file and says what to do."""
        return InputError(f"is damaged: {what}; {self.remedy}", source=self.source)

    def _named(self, name: str) -> Any:
        if name not in self._values:
            raise self.damaged(f"{name} is missing")
        return self._values[name]

    def _single(self, name: str, kind: Kind, low: float, high: float, nan: bool = False) -> Any:
        value = self._named(name)
        if value is None and nan:
            return math.nan
        if isinstance(value, bool | int | float):
            value = np.asarray(value) if not isinstance(value, int) or abs(value) < 2**62 else None
        elif isinstance(value, str) and value in _WORDS:
            value = np.asarray(_WORDS[value])
        if not isinstance(value, np.ndarray | np.generic | ArrayMember) or value.shape != ():
            raise self._wrong(name, "a whole number" if kind == "integer" else f"a {kind}", self._named(name))
        if isinstance(value, ArrayMember):
            value = value.read()
        return self._checked(name, np.asarray(value), kind, low, high, nan, False).item()

    def _from_lists(self, name: str, value: list[Any], axes: int, shape: str) -> np.ndarray:
        """Nested lists as an array; lists of unequal lengths and anything but numbers are refused."""
        lengths: list[int] = []
        level: list[Any] = [value]
        for _ in range(axes):
            sizes = {len(each) if isinstance(each, list) else -1 for each in level}
            if len(sizes) > 1 or sizes == {-1}:
                raise self._wrong(name, f"lists of the shape ({shape.strip()})", value)
            lengths.append(sizes.pop() if sizes else 0)
            level = [item for each in level for item in each]
        kinds = set(map(type, level))
        if kinds <= {bool} and level:
            return np.array(level, bool).reshape(lengths)
        if not kinds <= {int, float, str, type(None)}:
            raise self._wrong(name, "numbers", value)
        if str in kinds:
            level = [_WORDS.get(each, "") if isinstance(each, str) else each for each in level]
            if "" in level:
                raise self._wrong(name, "numbers", value)
        integers = kinds == {int}
        if integers and max(map(abs, level)) < 2**62:
            return np.array(level, np.int64).reshape(lengths)
        try:
            return np.array(level, float).reshape(lengths)
        except OverflowError as error:
            raise self._wrong(name, "numbers of a sensible size", value) from error

    def _check_shape(self, name: str, found: tuple[int, ...], axes: Sequence[str]) -> tuple[int, ...]:
        """The shape, once it is as expected; sizes that were not known are noted."""
        wanted = [int(axis) if axis.isdigit() else self.sizes.get(axis, -1) for axis in axes]
        if len(found) == len(axes) and 0 in found:
            # JSON writes an array without rows as [], whatever its other lengths.
            first = found.index(0)
            found = found[: first + 1] + tuple(max(0, want) for want in wanted[first + 1 :])
        if len(found) != len(axes) or any(
            want not in (-1, have) for have, want in zip(found, wanted, strict=True)
        ):
            known = ", ".join(
                str(want) if want >= 0 else axis for axis, want in zip(axes, wanted, strict=True)
            )
            came = ", ".join(map(str, found[:8]))
            raise self.damaged(f"{name} must have the shape ({known}), and has ({came})")
        for axis, length in zip(axes, found, strict=True):
            if not axis.isdigit():
                self.sizes[axis] = length
        return found

    def _checked(
        self, name: str, values: np.ndarray, kind: Kind, low: float, high: float, nan: bool, infinite: bool
    ) -> np.ndarray:
        if kind == "flag":
            if values.dtype.kind != "b":
                raise self._wrong(name, "true or false", values.dtype)
            return values.astype(bool)
        if values.dtype.kind not in "iuf" and values.size:
            raise self._wrong(name, "numbers", values.dtype)
        if kind == "integer":
            if values.dtype.kind == "f" and not (values == np.floor(values)).all():  # NaN is never equal
                raise self._wrong(name, "whole numbers", "fractions")
            if values.size and not (np.abs(values.astype(float)) < 2**62).all():
                raise self._wrong(name, "whole numbers of a sensible size", "larger ones")
            result = values.astype(np.int64)
        else:
            result = values.astype(np.float64)
            if not nan and np.isnan(result).any():
                raise self.damaged(f"{name} holds NaN")
            if not infinite and np.isinf(result).any():
                raise self.damaged(f"{name} holds infinities")
        with np.errstate(invalid="ignore"):
            outside = (result < low) | (result > high)
        if outside.any():
            worst = result[outside].reshape(-1)[0]
            raise self.damaged(f"{name} holds {worst:.6g}, outside {low:.6g} … {high:.6g}")
        return result

    def _check_extremes(
        self, name: str, values: np.ndarray, least: float, most: float, low: float, high: float, nan: bool
    ) -> None:
        if not nan and values.dtype.kind == "f" and np.isnan(np.min(values)):
            raise self.damaged(f"{name} holds NaN")
        if math.isinf(least) or math.isinf(most):
            raise self.damaged(f"{name} holds infinities")
        if least < low or most > high:
            worst = least if least < low else most
            raise self.damaged(f"{name} holds {worst:.6g}, outside {low:.6g} … {high:.6g}")

    def _wrong(self, name: str, expected: str, found: object) -> InputError:
        shown = repr(found)
        shown = shown if len(shown) < 60 else shown[:57] + "…"
        if isinstance(found, list | dict | ArrayMember):
            shown = f"a {type(found).__name__}"
        return self.damaged(f"{name} must be {expected}, not {shown}")
