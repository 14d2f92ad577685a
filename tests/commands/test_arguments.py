"""Arguments become dataclasses; sub-verbs are dispatched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

import mien
from mien.commands.arguments import Flat, Positional, dispatch, parse
from mien.errors import InputError
from mien.files import OutputFile, OutputFolder


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


@dataclass(frozen=True)
class _Where:
    sheet: OutputFile | None = None
    """A picture."""


@dataclass(frozen=True)
class _WritingConfig:
    """Writes."""

    out: OutputFolder = Path("out")
    """Folder."""
    files: tuple[OutputFile, ...] = ()
    """Files."""
    source: Path | None = None
    """Read, not written."""
    where: Flat[_Where] = _Where()


def test_places_to_write_to_are_looked_at_before_anything_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    parse(_WritingConfig, ["--source", "file/x", "--files", "new/a.png", "b.png"], prog="mien x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    for taken in (["--out", "file"], ["--files", "a", "file/b"], ["--sheet", "file/c.png"], ["--files", "."]):
        with pytest.raises(InputError, match="folder"):
            parse(_WritingConfig, taken, prog="mien x")


def test_every_output_is_declared_as_one():
    """Settings that are named like places to write to are looked at before work begins."""
    source = Path(mien.__file__).parent
    setting = re.compile(r"^    (?:out|sheet|converted|results|write): (.*Path[^,\n]*)$", re.M)
    declared = re.compile(r"Output(File|Folder)")
    others = {"commands/field/train.py"}  # looked at by `check_field_place`
    found = {
        str(path.relative_to(source))
        for path in source.rglob("*.py")
        if any(not declared.search(kind) for kind in setting.findall(path.read_text(encoding="utf-8")))
    }
    assert found == others
