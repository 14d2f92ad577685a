"""How a verb reads its arguments: a frozen dataclass per command, and a dispatcher for verbs with sub-verbs.

A verb without sub-verbs, with options that others have too (`mien.commands.options`)::

    @dataclass(frozen=True)
    class FitExampleConfig:
        \"""Turn each face in a picture into a 3D head.\"""

        pictures: Positional[tuple[Path, ...]]
        \"""Pictures to read.\"""
        focal_px: float | None = None
        \"""Focal length in pixels.\"""
        output: Flat[OutputOptions] = OutputOptions()

    def run(arguments: list[str]) -> int:
        config = parse(FitExampleConfig, arguments, prog="mien fit")
        ...
        return 0

Settings of the library are held as they are, nested; their options have no prefix (`--learning-rate`), and
none of them may be declared again::

    training: OmitArgPrefixes[LandmarkTrainingConfig]

A verb with sub-verbs (`mien head info`)::

    def run(arguments: list[str]) -> int:
        return dispatch(
            arguments,
            prog="mien head",
            description="Look at heads.",
            sub_verbs={
                "info": ("show what a head file holds", "mien.commands.head:run_info"),
                "build": ("build the built-in head", "mien.commands.head_build:run"),
            },
        )

Each target is "module:function" with the signature `(arguments: list[str]) -> int`, imported only when it is
called, so that `mien head --help` stays quick. Keep heavy imports (numpy too) inside `run`.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
from collections.abc import Mapping
from dataclasses import field, fields, is_dataclass, make_dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args, get_type_hints

from mien.commands.lengths import in_minutes
from mien.commands.numbers import check_numbers

Config = TypeVar("Config")
Part = TypeVar("Part")

if TYPE_CHECKING:
    from tyro.conf import Positional as Positional

    Flat = Annotated[Part, "shown among the options of the dataclass that holds it"]


def __getattr__(name: str) -> Any:
    # tyro takes a tenth of a second to import: only for verbs that are called
    if name == "Positional":
        from tyro.conf import Positional

        return Positional
    if name == "Flat":
        from tyro.conf import arg

        return Annotated[Part, arg(name="")]  # pyright: ignore[reportGeneralTypeIssues]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def parse(config_class: type[Config], arguments: list[str], *, prog: str, **defaults: Any) -> Config:
    """Read `arguments` into the dataclass; its docstrings become the help.

    Dataclasses among its fields (the library's configurations, `mien.commands.options`) have no prefix; those
    marked `Flat` are listed with its own options instead of in a box of theirs. Minutes that are asked for
    come before a training's usual length in steps.

    Args:
        defaults: for fields of the dataclass, in place of its own.

    Places that are to be written to (`mien.files.OutputFile` and `OutputFolder` among the fields) are looked
    at, so that no work is lost for a full disk or a name that is taken.

    Raises:
        SystemExit: after `--help` (code 0) or wrong usage (code 2); `mien.commands.app` handles it.
        UsageError: a number cannot be meant, see `mien.commands.numbers`.
        InputError, OutputError: nothing can be written to such a place.
    """
    import tyro

    if defaults:
        config_class = _with_defaults(config_class, defaults)
    how = (tyro.conf.FlagCreatePairsOff, tyro.conf.OmitArgPrefixes)
    if {"-h", "--help"} & set(arguments):
        config = _parsed_with_help(config_class, arguments, prog, how)
    else:
        config = tyro.cli(config_class, args=arguments, prog=prog, config=how)
    if option_value(arguments, "--max-minutes") and not option_value(arguments, "--max-steps"):
        config = in_minutes(config)
    check_numbers(config)
    check_outputs(config)
    return config


def _parsed_with_help(config_class: type[Config], arguments: list[str], prog: str, how: Any) -> Config:
    import tyro

    from mien.commands.help_text import readable

    shown = io.StringIO()
    try:
        with contextlib.redirect_stdout(shown):
            return tyro.cli(config_class, args=arguments, prog=prog, config=how)
    finally:
        print(readable(shown.getvalue()), end="")


def check_outputs(config: Any) -> None:
    """Look at every place that a command is to write to, those in the dataclasses within among them.

    Raises:
        InputError, OutputError: see `parse`.
    """
    from mien.files import check_file_place, check_folder_could_be_made
    from mien.files.places import WRITTEN_FILE, WRITTEN_FOLDER

    hints = get_type_hints(type(config), include_extras=True)
    for each in fields(config):
        value = getattr(config, each.name)
        if is_dataclass(value):
            check_outputs(value)
            continue
        marks = _marks(hints[each.name])
        for place in value if isinstance(value, tuple) else (value,):
            if place is not None and WRITTEN_FILE in marks:
                check_file_place(place)
            elif place is not None and WRITTEN_FOLDER in marks:
                check_folder_could_be_made(place)


def _marks(hint: Any) -> set[str]:
    """Annotations anywhere in a type."""
    found = {mark for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, str)}
    return found.union(*(_marks(part) for part in get_args(hint)))


def _with_defaults(config_class: type[Config], defaults: dict[str, Any]) -> type[Config]:
    """The dataclass with other defaults; required fields stay so."""
    changed = [(name, config_class.__annotations__[name], field(default=defaults[name])) for name in defaults]
    kept = {"__doc__": config_class.__doc__, "__module__": config_class.__module__}
    return make_dataclass(config_class.__name__, changed, bases=(config_class,), frozen=True, namespace=kept)


def option_value(arguments: list[str], option: str) -> str | None:
    """What follows an option, before anything is parsed: some options decide about the defaults of others.

    Args:
        option: for example "--preset"; the last one counts.
    """
    found = None
    for index, word in enumerate(arguments):
        name, given, value = word.partition("=")
        if name.replace("_", "-") == option:
            found = value if given else arguments[index + 1] if index + 1 < len(arguments) else None
    return found


def dispatch(
    arguments: list[str], *, prog: str, description: str, sub_verbs: Mapping[str, tuple[str, str]]
) -> int:
    """Hand the arguments to a sub-verb and return its exit code.

    Args:
        arguments: what follows the verb.
        prog: for example "mien head".
        description: one line of help.
        sub_verbs: name to (one line of help, "module:function").
    """
    width = max(map(len, sub_verbs))
    lines = [f"  {name:<{width}}  {text}" for name, (text, _) in sub_verbs.items()]
    usage = "\n".join([f"usage: {prog} VERB …", "", description, "", "verbs:", *lines])
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage)
        return 0 if arguments else 2
    name, *rest = arguments
    if name not in sub_verbs:
        print(f"{prog}: there is no {name!r}; choose from {', '.join(sub_verbs)}", file=sys.stderr)
        return 2
    module_name, function_name = sub_verbs[name][1].split(":")
    return getattr(importlib.import_module(module_name), function_name)(rest)
