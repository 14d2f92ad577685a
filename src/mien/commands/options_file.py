"""Options of a command from a JSON or TOML file, named with `--config`."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from mien.commands.arguments import Config, parse
from mien.errors import InputError


def parse_with_file(config_class: type[Config], arguments: list[str], *, prog: str) -> Config:
    """Like `parse`, with the values of the file behind `--config` in place of the defaults.

    Raises:
        InputError: the file is missing, neither JSON nor TOML, or names an unknown option.
        SystemExit: as for `parse`, also for values of the wrong kind in the file.
    """
    places = [i for i, word in enumerate(arguments) if word == "--config" or word.startswith("--config=")]
    path = None
    if places:
        word, *rest = arguments[places[-1] :]
        path = Path(word.partition("=")[2]) if "=" in word else Path(rest[0]) if rest else None
    from_file: list[str] = []
    if path is not None:
        known = [field.name for field in fields(config_class)]  # pyright: ignore[reportArgumentType]
        for name, value in _read_options(path).items():
            if name.replace("-", "_") not in known:
                raise InputError(f"unknown option {name!r}; known are {', '.join(known)}", source=path)
            from_file += _as_words(name, value)
    # what comes later counts, so the command line goes behind the file
    return parse(config_class, from_file + arguments, prog=prog)


def _as_words(name: str, value: Any) -> list[str]:
    option = "--" + name.replace("_", "-")
    if value is None or value is False:
        return []
    if value is True:
        return [option]
    return [option, *map(str, value)] if isinstance(value, list) else [option, str(value)]


def _read_options(path: Path) -> dict[str, Any]:
    import json

    if not path.is_file():
        raise InputError("there is no such file of options", source=path)
    text = path.read_text(encoding="utf-8")
    try:
        if path.suffix == ".toml":
            try:
                import tomllib
            except ImportError as error:  # Python 3.10
                raise InputError("reading TOML needs Python 3.11; write it as JSON", source=path) from error
            values = tomllib.loads(text)
        else:
            values = json.loads(text)
    except ValueError as error:
        raise InputError(f"neither JSON nor (.toml) TOML: {error}", source=path) from error
    if not isinstance(values, dict):
        raise InputError("should hold options by name", source=path)
    return values
