"""What dead runs leave is removed; what lives, and what is not ours, stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mien.files import atomic_path, new_folder, remove_stale
from mien.files.temporary import Temporary

HOLD = """
import signal, sys, time
from pathlib import Path
from mien.files import atomic_path, new_folder, stopped_cleanly
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup has it ignored, and then it is
maker = {maker}
with stopped_cleanly(), maker(Path(sys.argv[1])) as temporary:
    (temporary / "part" if temporary.is_dir() else temporary).write_text("half")
    print("ready", flush=True)
    time.sleep(60)
"""


@contextmanager
def held(path: Path, maker: str) -> Iterator[subprocess.Popen]:
    """Another process in the middle of writing."""
    command = [sys.executable, "-c", HOLD.format(maker=maker), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process


@pytest.mark.parametrize("maker", ["atomic_path", "new_folder"])
def test_what_a_killed_run_left_is_removed_and_what_lives_is_not(tmp_path: Path, maker: str):
    with held(tmp_path / "result.npz", maker) as process:
        [temporary] = tmp_path.iterdir()
        assert remove_stale(tmp_path) == []
        process.kill()
    assert temporary.exists()
    assert remove_stale(tmp_path) == [temporary]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_run_that_is_told_to_end_cleans_up(tmp_path: Path, number: signal.Signals):
    with held(tmp_path / "result.npz", "atomic_path") as process:
        process.send_signal(number)
        assert process.wait(timeout=60) != 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [".a.1234.part.png", ".a.0123456789abcdef.part", "a.0123456789abcdef.mien-part.png", ".a.mien-part"],
)
def test_names_that_are_not_ours_stay(tmp_path: Path, name: str):
    (tmp_path / name).write_text("")
    os.utime(tmp_path / name, (0, 0))
    assert remove_stale(tmp_path) == []
    assert (tmp_path / name).exists()


def test_where_there_are_no_locks_only_old_files_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mien.files.temporary.fcntl", None)
    new, old = (tmp_path / f".a.{digit * 16}.mien-part.png" for digit in "01")
    new.write_text("")
    old.write_text("")
    os.utime(old, (time.time() - 2 * 24 * 3600,) * 2)
    assert remove_stale(tmp_path) == [old]


def test_writing_clears_the_folder_first(tmp_path: Path):
    stale = tmp_path / f".a.{'0' * 16}.mien-part.png"
    stale.write_text("")
    with atomic_path(tmp_path / "b.txt") as temporary:
        assert not stale.exists()
        assert temporary.exists()


def test_long_names_and_permissions(tmp_path: Path):
    path = tmp_path / ("ä" * 120 + ".txt")
    path.write_text("old")
    path.chmod(0o640)
    with atomic_path(path) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o640


def test_temporary_names_are_taken_exclusively(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    names = iter(["0" * 16, "0" * 16, "1" * 16])
    monkeypatch.setattr("mien.files.temporary.secrets.token_hex", lambda size: next(names))
    with Temporary.file_beside(tmp_path / "a") as one, Temporary.file_beside(tmp_path / "a") as other:
        assert one != other


def test_a_folder_appears_whole(tmp_path: Path):
    target = tmp_path / "field"
    with new_folder(target) as temporary:
        (temporary / "a").write_text("1")
        assert not target.exists()
    assert [path.name for path in target.iterdir()] == ["a"]
    assert list(tmp_path.iterdir()) == [target]
