"""The command line: `mien VERB …`.

This file stays tiny so that `mien --help` answers at once: a verb's module, and tyro with it, is imported
only when that verb is called. A verb is a module in `mien.commands` with

    def run(arguments: list[str]) -> int: ...

that parses its own arguments (see `mien.commands.arguments`) and returns the exit code. Add a verb by writing
the module and a line in `VERBS`.

Exit codes: 0 done, 1 something failed (the message says what and what to do), 2 wrong usage, 130 interrupted,
143 ended by SIGTERM (129: by its terminal).
"""

from __future__ import annotations

import os
import sys

VERBS: dict[str, str] = {
    "landmarks": "find faces in pictures and mark their landmarks",
    "fit": "turn each face in a picture into a 3D head",
    "lift": "3D landmarks by their 2D definition, learned from 2D labels",
    "track": "follow every head through a video",
    "head": "look at the built-in head, convert others, or build it anew",
    "field": "train, render and export radiance fields of heads",
    "avatar": "make a head that can be driven from a video",
    "view": "take a face by its landmarks, in a browser",
    "synth": "render synthetic faces with exact labels",
    "train": "train the networks that mien ships",
    "benchmark": "measure accuracy and speed",
}
"""Verb to one line of help. The module is `mien.commands.VERB`."""

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130


def help_text() -> str:
    """What `mien --help` prints."""
    width = max(map(len, VERBS))
    lines = [f"  {verb:<{width}}  {description}" for verb, description in VERBS.items()]
    return "\n".join(
        [
            "usage: mien VERB …",
            "",
            "3D faces from pictures.",
            "",
            "verbs:",
            *lines,
            "",
            "options:",
            "  --help     this text; `mien VERB --help` explains a verb",
            "  --version  print the version",
            "  --debug    show the full traceback of an error (also MIEN_DEBUG=1)",
            "",
            "Start with:  mien fit photo.jpg --out out",
        ]
    )


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; errors that a user can cause become one line on stderr."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = os.environ.get("MIEN_DEBUG", "") not in ("", "0")
    if "--debug" in arguments:
        arguments.remove("--debug")
        debug = True
    if debug:
        os.environ["MIEN_DEBUG"] = "1"  # batches raise instead of collecting

    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(help_text())
        return DONE if arguments else WRONG_USAGE
    if arguments[0] == "--version":
        from mien import __version__

        print(f"mien {__version__}")
        return DONE
    verb, *rest = arguments
    if verb not in VERBS:
        return _unknown_verb(verb)
    return _run_verb(verb, rest, debug=debug)


def _run_verb(verb: str, arguments: list[str], *, debug: bool) -> int:
    import importlib

    from mien.commands.usage import UsageError
    from mien.errors import MienError
    from mien.files import Stopped, stopped_cleanly

    try:
        module = importlib.import_module(f"mien.commands.{verb}")
        with stopped_cleanly():
            return module.run(arguments)
    except SystemExit as stop:  # tyro ends the process on --help and on wrong usage
        return _exit_code(stop)
    except Stopped as stop:
        print("\nmien: told to end; files that were finished are kept", file=sys.stderr)
        return 128 + stop.signal_number
    except KeyboardInterrupt:
        print("\nmien: interrupted; files that were finished are kept", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `mien … | head` closed our output: nothing is left to say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except MienError as error:
        if debug:
            raise
        print(f"mien {verb}: {_one_line(error)}", file=sys.stderr)
        return WRONG_USAGE if isinstance(error, UsageError) else FAILED
    except Exception as error:
        if debug:
            raise
        print(
            f"mien {verb}: unexpected {type(error).__name__}: {_one_line(error)} "
            "(run again with --debug and report the traceback)",
            file=sys.stderr,
        )
        return FAILED


def _unknown_verb(verb: str) -> int:
    import difflib

    close = difflib.get_close_matches(verb, VERBS, n=1)
    hint = f"did you mean `mien {close[0]}`?" if close else f"the verbs are {', '.join(VERBS)}"
    print(f"mien: there is no verb {verb!r}; {hint}", file=sys.stderr)
    return WRONG_USAGE


def _exit_code(stop: SystemExit) -> int:
    if stop.code is None:
        return DONE
    if isinstance(stop.code, int):
        return stop.code
    print(stop.code, file=sys.stderr)
    return FAILED


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


if __name__ == "__main__":
    sys.exit(main())
