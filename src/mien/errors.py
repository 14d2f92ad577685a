"""Errors that a user can cause: each says what was expected, what came, and what to do."""

from __future__ import annotations

import unicodedata
from pathlib import Path

_UNPRINTABLE = ("Cc", "Cs", "Zl", "Zp")
"""Unicode's categories of control characters, halves of characters, and separators of lines."""
_TURNING = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of writing, so that a name may read as another one."""


def printable(text: str, *, keep: str = "") -> str:
    """Text as a terminal may have it: control characters and the like are spelt out (`\\x1b`).

    Names come from files, and a terminal obeys what it is sent.

    Args:
        keep: control characters that stay, such as a line feed.
    """
    return "".join(
        character if character in keep or not _commands(character) else _spelt(character)
        for character in text
    )


def _commands(character: str) -> bool:
    return unicodedata.category(character) in _UNPRINTABLE or character in _TURNING


def _spelt(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file's name that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


class MienError(Exception):
    """Base of every error that mien raises on purpose; its message is fit for a terminal."""

    def __str__(self) -> str:
        return printable(super().__str__(), keep="\n\t")


class InputError(MienError):
    """An input file or array cannot be used.

    Attributes:
        source: the file (or a short name of the array) that the message is about.
    """

    def __init__(self, message: str, *, source: str | Path | None = None) -> None:
        """
        Args:
            message: what is wrong and what to do, without the source's name.
        """
        super().__init__(f"{printable(str(source))}: {message}" if source is not None else message)
        self.source = source


class OutputError(InputError):
    """Results cannot be written because of the place, not of the file: the disk is full, read-only or
    protected. Other files would fare no better, so batches end with it."""


class ShapeError(MienError, ValueError):
    """An array has another shape than the one documented.

    Attributes:
        expected: the documented shape, in words.
        actual: the shape that came.
    """

    def __init__(self, what: str, *, expected: str, actual: tuple[int, ...]) -> None:
        """
        Args:
            what: which array, for example "image".
        """
        super().__init__(f"{what}: expected shape {expected}, got {actual}")
        self.expected = expected
        self.actual = actual


class MissingExtraError(MienError, ImportError):
    """A part of mien needs an optional dependency that is not installed.

    Attributes:
        extra: what to install: `pip install 'mien[EXTRA]'`.
    """

    def __init__(self, features: str, *, extra: str, cause: str) -> None:
        """
        Args:
            features: what needs it, in the plural: "radiance fields".
            extra: that has it.
            cause: what is missing.
        """
        super().__init__(f"{features} need {cause}; install it with: pip install 'mien[{extra}]'")
        self.extra = extra


class LandmarkSetError(MienError, KeyError):
    """A landmark set is unknown, or two sets cannot be converted into each other."""

    def __str__(self) -> str:
        return printable(str(self.args[0]), keep="\n\t")


class FitError(MienError):
    """A fit was asked to raise on failure and failed."""


def check_type(value: object, kinds: type | tuple[type, ...], *, argument: str, call: str) -> None:
    """Complain about an argument of another type than a function takes.

    Args:
        argument: its name.
        call: the right call, for example "mien.fit_landmarks(landmarks, camera)".

    Raises:
        InputError: it is of none of these kinds; the message shows the right call.
    """
    kinds = kinds if isinstance(kinds, tuple) else (kinds,)
    if isinstance(value, kinds):
        return
    said = [kind for kind in kinds if kind is not type(None)]
    names = " or ".join(sorted(_KIND_NAMES.get(kind.__name__, f"a {kind.__name__}") for kind in said))
    advice = ""
    if isinstance(value, list | tuple) and value and isinstance(value[0], kinds):
        advice = f": take one of them, {argument}[0], or go through them"
    elif isinstance(value, list | tuple) and not value:
        advice = ": no face was found"
    raise InputError(f"{argument} should be {names}, not {described(value)}{advice}. The call is {call}")


_KIND_NAMES = {"ndarray": "an array", "str": "a file's name", "Path": "a path", "Iterable": "a list"}


def described(value: object) -> str:
    """What something is, for messages: "a list of 3", "a HeadFit", "None"."""
    kind = type(value).__name__
    if isinstance(value, list | tuple):
        return f"a {kind} of {len(value)}" if value else f"an empty {kind}"
    return "None" if value is None else f"{'an' if kind[0] in 'AEIOUaeiou' else 'a'} {kind}"
