"""Options of a command from a JSON or TOML file, named with `--config`."""

from __future__ import annotations

import math
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from mien.commands.arguments import Config, option_value, parse
from mien.errors import InputError


def parse_with_file(config_class: type[Config], arguments: list[str], *, prog: str) -> Config:
    """Like `parse`, with the values of the file behind `--config` in place of the defaults.

    The file names options as the command line does, in whichever dataclass they are nested.

    Raises:
        InputError: the file is missing, neither JSON nor TOML, or names an unknown option.
        SystemExit: as for `parse`, also for values of the wrong kind in the file.
    """
    given = option_value(arguments, "--config")
    path = None if given is None else Path(given)
    from_file: list[str] = []
    if path is not None:
        known = option_defaults(config_class)
        for name, value in _read_options(path).items():
            option = name.replace("-", "_")
            if option not in known:
                raise InputError(f"unknown option {name!r}; known are {', '.join(known)}", source=path)
            from_file += _as_words(option, value, default=known[option])
    # what comes later counts, so the command line goes behind the file
    return parse(config_class, from_file + arguments, prog=prog)


def option_defaults(config_class: Any, *, defaults: Any = None) -> dict[str, Any]:
    """Names of all options of a command's dataclass and of those nested in it, with their defaults.

    Args:
        defaults: an instance of the dataclass, where its own field has one for a default.

    Raises:
        AssertionError: a name comes twice.
    """
    found: dict[str, Any] = {}
    hints = get_type_hints(config_class)
    for entry in fields(config_class):
        kind = hints[entry.name]
        default = _default(entry) if defaults is None else getattr(defaults, entry.name)
        inner = option_defaults(kind, defaults=default) if is_dataclass(kind) else {entry.name: default}
        twice = found.keys() & inner.keys()
        assert not twice, f"{config_class.__name__} has {', '.join(twice)} twice"
        found |= inner
    return found


def _default(entry: Field[Any]) -> Any:
    """None for what must be given."""
    if entry.default_factory is not MISSING:
        return entry.default_factory()
    return None if entry.default is MISSING else entry.default


def _as_words(name: str, value: Any, *, default: Any) -> list[str]:
    option = "--" + name.replace("_", "-")
    if isinstance(default, bool):  # a flag says the opposite of the default
        if bool(value) is default:
            return []
        return [option] if value else [f"--no-{option[2:]}"]
    if value is None:
        return []
    return [option, *map(str, value)] if isinstance(value, list) else [option, str(value)]


def _read_options(path: Path) -> dict[str, Any]:
    from mien.reading.json_files import parse_json
    from mien.reading.regular_files import read_text

    text = read_text(path, limit_bytes=10_000_000, missing="there is no such file of options")
    try:
        if path.suffix == ".toml":
            try:
                import tomllib
            except ImportError as error:  # Python 3.10
                raise InputError("reading TOML needs Python 3.11; write it as JSON", source=path) from error
            values = tomllib.loads(text)
        else:
            values = parse_json(text, source=path, what="neither JSON nor (.toml) TOML")
    except (ValueError, RecursionError) as error:
        raise InputError(f"neither JSON nor (.toml) TOML: {error}", source=path) from error
    if not isinstance(values, dict):
        raise InputError("should hold options by name", source=path)
    _refuse_not_finite(values, path)
    return values


def _refuse_not_finite(value: Any, path: Path) -> None:
    """NaN and infinity are no options, though TOML and Python's JSON know them."""
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"holds the number {value}; options are finite", source=path)
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _refuse_not_finite(each, path)
