"""Places that take no files are told of plainly, before work begins where they can be."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from mien.commands.batch import Done, run_batch
from mien.errors import InputError, OutputError
from mien.files import atomic_path, check_file_place, check_folder_place, write_text

SENTENCES = {errno.ENOSPC: "disk is full", errno.EROFS: "read-only", errno.EACCES: "permission denied"}


@pytest.fixture(params=SENTENCES, ids=errno.errorcode.get)
def failing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    def fail(handle: int) -> None:
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr("os.fsync", fail)
    return SENTENCES[request.param]


def test_both_checks_tell(tmp_path: Path, failing: str):
    with pytest.raises(OutputError, match=failing):
        check_folder_place(tmp_path / "out")
    with pytest.raises(OutputError, match=failing):
        check_file_place(tmp_path / "new" / "a.npz")
    assert [path.name for path in tmp_path.rglob("*")] == ["out"]


def test_a_batch_ends_once(tmp_path: Path, failing: str):
    begun = []

    def work(path: Path, stem: str) -> Done:
        begun.append(path)
        write_text(tmp_path / stem, "text")
        return Done()

    batch = run_batch([Path(name) for name in "abcd"], work, label="pictures", quiet=True)
    assert begun == [Path("a")]
    [(path, message)] = batch.failed
    assert path == Path("a")
    assert failing in message
    assert message.endswith("; 3 more were not begun")
    assert batch.exit_code == 1


def test_writers_that_say_nothing_of_the_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    full = os.statvfs_result((4096, 4096, 100, 0, 0, 10, 10, 10, 0, 255))
    monkeypatch.setattr("os.statvfs", lambda path: full)
    with pytest.raises(OutputError, match="disk is full"), atomic_path(tmp_path / "a.pt"):
        raise RuntimeError("PytorchStreamWriter failed writing file")


def test_errors_of_reading_something_else_stay_what_they_are(tmp_path: Path):
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "a.txt") as temporary:
        temporary.write_bytes((tmp_path / "missing" / "b.txt").read_bytes())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("check", [check_folder_place, check_file_place, lambda path: write_text(path, "")])
def test_a_file_where_a_folder_should_be(tmp_path: Path, check):
    (tmp_path / "file").write_text("kept")
    with pytest.raises(InputError, match="folder"):
        check(tmp_path / "file" / "below" / "a.txt")
    assert (tmp_path / "file").read_text() == "kept"


def test_devices_and_pipes_are_not_replaced(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for act in (check_file_place, lambda path: write_text(path, "")):
        with pytest.raises(InputError, match="device or a pipe"):
            act(pipe)
    assert pipe.is_fifo()
