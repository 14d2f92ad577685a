"""Batches go on after a failure and say what happened."""

from __future__ import annotations

import json
import os
import signal
import time
import unicodedata
from pathlib import Path

import pytest

from mien.commands.batch import Done, check_folder, print_outcome, result_stems, run_batch
from mien.commands.options import OutputOptions
from mien.errors import InputError
from mien.files import Stopped, stopped_cleanly


def work(path: Path, stem: str) -> Done:
    if path.stem == "bad":
        raise InputError("is bad; use another", source=path)
    if path.stem == "bug":
        raise ZeroDivisionError("oops")
    problem = f"{path}: only half" if path.stem == "half" else None
    return Done(files=(Path(f"{stem}.out"),), row=("1",), facts={"value": stem}, problem=problem)


def run(*names: str, as_json: bool = False) -> int:
    batch = run_batch([Path(name) for name in names], work, label="files", quiet=True)
    return print_outcome(
        batch, command="fit", columns=["n"], next_step="Look at it.", output=OutputOptions(json=as_json)
    )


@pytest.fixture(autouse=True)
def _no_debug(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MIEN_DEBUG", raising=False)


def test_all_well(capsys: pytest.CaptureFixture[str]):
    assert run("a.jpg", "b.jpg") == 0
    text = capsys.readouterr()
    assert "a.out" in text.out
    assert "Look at it." in text.out
    assert text.err == ""


def test_others_are_done_and_failures_listed(capsys: pytest.CaptureFixture[str]):
    assert run("bad.jpg", "a.jpg", "bug.jpg", "half.jpg") == 1
    text = capsys.readouterr()
    assert "a.out" in text.out
    assert "half.out" in text.out
    assert "Failed: 3 of 4" in text.err
    assert "bad.jpg: is bad; use another" in text.err
    assert "bug.jpg: unexpected ZeroDivisionError" in text.err
    assert "half.jpg: only half" in text.err


def test_debugging_shows_bugs_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MIEN_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        run("bug.jpg")


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]):
    assert run("a.jpg", "bad.jpg", as_json=True) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["results"] == [{"input": "a.jpg", "files": ["a.out"], "value": "a"}]
    assert document["failed"] == [{"input": "bad.jpg", "message": "bad.jpg: is bad; use another"}]
    assert document["format_version"] == 1


def test_table_outside_a_terminal_breaks_no_line(capsys: pytest.CaptureFixture[str]):
    name = "long/" * 60 + "a.jpg"
    run(name)
    assert any(name in line for line in capsys.readouterr().out.splitlines())


def test_results_never_share_a_name():
    paths = [Path(name) for name in ("a.jpg", "a.png", "x/a.jpg", "y/a.jpg", "a.jpg", "b.jpg")]
    stems = result_stems(paths)
    assert stems[0] == "a"
    assert stems[-1] == "b"
    assert len(set(stems)) == len(stems)


def test_results_of_faces_and_of_other_spellings_never_meet():
    names = ["group.jpg", "group-1.jpg", "group-10.png", "Anna.jpg", "anna.png", "a\u0308.jpg", "\u00e4.jpg"]
    stems = result_stems([Path(name) for name in names])
    assert stems[0] == "group"
    of_faces = {f"group-{number}" for number in range(20)}
    assert not of_faces & set(stems)
    assert len({unicodedata.normalize("NFC", stem).casefold() for stem in stems}) == len(stems)
    assert result_stems([Path("b-1.jpg"), Path("b-2.jpg")]) == ["b-1", "b-2"]  # nobody is called b
    assert not any(stem.startswith("-") for stem in result_stems([Path("a.jpg")] * 4))


def test_names_with_control_characters_are_said_once():
    def work(path: Path, stem: str) -> Done:
        raise InputError("is no picture", source=path)

    path = Path("odd/\x1b[31mx.jpg")
    ((_, message),) = run_batch([path], work, label="try", quiet=True).failed
    assert message == "odd/\\x1b[31mx.jpg: is no picture"


def test_folder_that_cannot_be_made(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="--out"):
        check_folder(tmp_path / "file")


def test_a_stop_that_arrives_as_another_error_ends_the_batch(tmp_path: Path):
    """As it does while a compiled module is imported: it is no failure of one input."""
    seen = []

    def work(path: Path, stem: str) -> Done:
        seen.append(path)
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        except BaseException as error:
            raise ImportError("initialization failed") from error
        raise AssertionError

    with pytest.raises(Stopped), stopped_cleanly():
        run_batch([tmp_path / "a", tmp_path / "b"], work, label="working")
    assert len(seen) == 1
