"""Arguments become dataclasses; sub-verbs are dispatched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from mien.commands.arguments import Positional, dispatch, parse


@dataclass(frozen=True)
class Example:
    """An example."""

    pictures: Positional[tuple[Path, ...]]
    """Pictures."""
    json: bool = False
    """For machines."""
    count: int | None = None
    """How many."""


def test_dataclass_is_filled():
    config = parse(Example, ["a", "b", "--json", "--count", "3"], prog="mien example")
    assert config == Example((Path("a"), Path("b")), json=True, count=3)


def test_wrong_value_is_wrong_usage():
    with pytest.raises(SystemExit) as caught:
        parse(Example, ["--count", "many"], prog="mien example")
    assert caught.value.code == 2


def target(arguments: list[str]) -> int:
    return len(arguments)


SUB_VERBS = {
    "count": ("count the words", "mien.commands.arguments:target"),
    "broken": ("is missing", "mien.no_such_module:run"),
}


def run(*arguments: str) -> int:
    return dispatch(list(arguments), prog="mien words", description="Words.", sub_verbs=SUB_VERBS)


def test_sub_verb_gets_the_rest(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mien.commands.arguments.target", target, raising=False)
    assert run("count", "a", "b", "c") == 3


def test_help_lists_sub_verbs_without_importing_them(capsys: pytest.CaptureFixture[str]):
    assert run("--help") == 0
    assert "count the words" in capsys.readouterr().out


def test_no_or_unknown_sub_verb_is_wrong_usage(capsys: pytest.CaptureFixture[str]):
    assert run() == 2
    assert run("nonsense") == 2
    assert "count, broken" in capsys.readouterr().err
