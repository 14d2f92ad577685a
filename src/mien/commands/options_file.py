"""Options of a command from a JSON or TOML file, named with `--config`."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from mien.commands.arguments import Config, option_value, parse
from mien.errors import InputError
from mien.reading.option_files import read_option_file


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
        for name, value in read_option_file(path).items():
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
