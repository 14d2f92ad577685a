"""Nested configurations by the names of their options alone, as the command line has them.

No option name comes twice in a configuration, whatever it is nested in: `--batch` is one option, and so is
the entry `batch` of a card or a file of options.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

ConfigT = TypeVar("ConfigT")


def flat_settings(config: Any) -> dict[str, Any]:
    """All options of a nested dataclass as plain data; of paths the names alone: they tell no machine."""
    values: dict[str, Any] = {}
    for field in fields(config):
        value = getattr(config, field.name)
        if is_dataclass(value):
            values |= flat_settings(value)
        else:
            values[field.name] = _plain(value)
    return values


def with_settings(config: ConfigT, changes: Mapping[str, Any]) -> ConfigT:
    """The configuration with some options changed, wherever they are nested.

    Raises:
        KeyError: there is no such option.
    """
    nested = {field.name: getattr(config, field.name) for field in fields(config)}  # type: ignore[arg-type]
    own = {
        name: value for name, value in changes.items() if name in nested and not is_dataclass(nested[name])
    }
    left = {name: value for name, value in changes.items() if name not in own}
    for name, part in nested.items():
        if is_dataclass(part):
            mine = {key: value for key, value in left.items() if key in flat_settings(part)}
            if mine:
                own[name] = with_settings(part, mine)
                left = {key: value for key, value in left.items() if key not in mine}
    if left:
        raise KeyError(f"no option {', '.join(left)}")
    return replace(config, **own)  # type: ignore[type-var]


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return value.name
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value
