"""The command line's frame: help, exit codes, one line per error."""

from __future__ import annotations

import os
import signal
import sys
import time
from types import ModuleType

import pytest

import mien
from mien.commands.app import VERBS, main
from mien.errors import InputError


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch):
    """Replace the verb `fit` by a function."""

    def replace(run) -> None:
        module = ModuleType("mien.commands.fit")
        module.run = run  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "mien.commands.fit", module)

    monkeypatch.delenv("MIEN_DEBUG", raising=False)
    return replace


def raising(error: BaseException):
    def run(arguments: list[str]) -> int:
        raise error

    return run


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]):
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for name, description in VERBS.items():
        assert name in text
        assert description in text


def test_no_verb_is_wrong_usage():
    assert main([]) == 2


def test_version(capsys: pytest.CaptureFixture[str]):
    assert main(["--version"]) == 0
    assert mien.__version__ in capsys.readouterr().out


def test_misspelt_verb_gets_a_hint(capsys: pytest.CaptureFixture[str]):
    assert main(["tarck"]) == 2
    assert "mien track" in capsys.readouterr().err


def test_arguments_and_exit_code_pass_through(verb):
    seen: list[list[str]] = []
    verb(lambda arguments: seen.append(arguments) or 5)
    assert main(["fit", "a.jpg", "--out", "b"]) == 5
    assert seen == [["a.jpg", "--out", "b"]]


def test_user_error_is_one_line(verb, capsys: pytest.CaptureFixture[str]):
    verb(raising(InputError("is missing;\n look for it", source="a.jpg")))
    assert main(["fit"]) == 1
    assert capsys.readouterr().err == "mien fit: a.jpg: is missing; look for it\n"


def test_unexpected_error_is_one_line_too(verb, capsys: pytest.CaptureFixture[str]):
    verb(raising(ZeroDivisionError("oh")))
    assert main(["fit"]) == 1
    text = capsys.readouterr().err
    assert text.count("\n") == 1
    assert "ZeroDivisionError" in text
    assert "--debug" in text


def test_debug_shows_the_traceback(verb, monkeypatch: pytest.MonkeyPatch):
    verb(raising(InputError("no")))
    monkeypatch.setenv("MIEN_DEBUG", "0")  # so that the change is undone
    with pytest.raises(InputError):
        main(["fit", "--debug"])


def test_interruption(verb):
    verb(raising(KeyboardInterrupt()))
    assert main(["fit"]) == 130


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stop_that_arrives_as_another_error(verb, number: signal.Signals, code: int):
    """As it does while a compiled module is imported."""

    def run(arguments: list[str]) -> int:
        try:
            os.kill(os.getpid(), number)
            time.sleep(5)
        except BaseException as error:
            raise ImportError("initialization failed") from error
        return 0

    verb(run)
    assert main(["fit"]) == code
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler


@pytest.mark.parametrize(("code", "expected"), [(0, 0), (None, 0), (2, 2), ("message", 1)])
def test_exits_become_codes(verb, code, expected: int):
    verb(raising(SystemExit(code)))
    assert main(["fit"]) == expected


@pytest.mark.parametrize("name", ["landmarks", "fit", "track"])
def test_verbs_explain_themselves(name: str, capsys: pytest.CaptureFixture[str]):
    assert main([name, "--help"]) == 0
    assert f"usage: mien {name}" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["landmarks", "fit", "track"])
def test_unknown_option_is_wrong_usage(name: str):
    assert main([name, "a", "--no-such-option"]) == 2


@pytest.mark.parametrize("name", ["landmarks", "fit", "track"])
def test_nothing_to_do_is_wrong_usage(name: str, capsys: pytest.CaptureFixture[str]):
    assert main([name]) == 2
    assert f"mien {name}" in capsys.readouterr().err
