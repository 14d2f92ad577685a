"""Names of a package that are imported when they are first used, so that `import mien` stays light."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

from mien.errors import MissingExtraError

_OF_FIELDS = ("torch", "safetensors", "numba")
"""Packages of the extra "fields": where one is missing, its name says what to install."""


def lazy_names(package: str, home: Mapping[str, str]) -> Callable[[str], Any]:
    """A module's `__getattr__` (PEP 562).

    Args:
        package: its `__name__`.
        home: name to the module of the package that has it, for example "heads.model".

    Raises:
        MissingExtraError: of what is returned, where the module needs torch and there is none.
    """

    def get(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        try:
            module = importlib.import_module(f"{package}.{home[name]}")
        except ModuleNotFoundError as error:
            if error.name not in _OF_FIELDS:
                raise
            raise MissingExtraError("radiance fields", extra="fields", cause=error.name) from error
        value = getattr(module, name)
        setattr(sys.modules[package], name, value)
        return value

    return get
