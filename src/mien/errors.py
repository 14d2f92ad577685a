"""Errors that a user can cause: each says what was expected, what came, and what to do."""

from __future__ import annotations

from pathlib import Path


class MienError(Exception):
    """Base of every error that mien raises on purpose."""


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
        super().__init__(f"{source}: {message}" if source is not None else message)
        self.source = source


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
        return str(self.args[0])


class FitError(MienError):
    """A fit was asked to raise on failure and failed."""
