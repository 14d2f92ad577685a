"""Two writers of one file, as in two containers that give their processes the same number."""

from __future__ import annotations

import json
import multiprocessing
import os
from pathlib import Path

from mien.files import write_text

WRITES = 500


def _write(path: Path, letter: str, start) -> None:
    os.getpid = lambda: 7
    start.wait()
    for index in range(WRITES):
        write_text(path, json.dumps({"index": index, "text": letter * 20_000}))


def test_a_thousand_writes_of_two_processes_with_one_number(tmp_path: Path):
    path, context = tmp_path / "shared.json", multiprocessing.get_context("fork")
    write_text(path, json.dumps({"index": -1, "text": ""}))
    start = context.Barrier(3)
    writers = [context.Process(target=_write, args=(path, letter, start)) for letter in "ab"]
    for writer in writers:
        writer.start()
    start.wait()
    reads, seen = 0, set()
    while any(writer.is_alive() for writer in writers):
        document = json.loads(path.read_text())
        seen.add(document["text"][:1])
        assert len(set(document["text"])) <= 1
        reads += 1
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert reads > 100
    assert {"a", "b"} <= seen
    assert list(tmp_path.iterdir()) == [path]
