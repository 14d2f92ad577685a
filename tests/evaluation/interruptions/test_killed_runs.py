"""Killed runs and what they leave, on a command that writes a file again and again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mien.evaluation.interruptions import killed_runs
from mien.evaluation.interruptions.killed_runs import Work, kill_again_and_again
from mien.evaluation.interruptions.whole_files import damaged_files, left_files
from mien.images.writing import write_image

CAREFUL = """
import sys, time
from mien.files import write_text
for _ in range(40):
    write_text(sys.argv[1] + "/a.json", "[" + "1, " * 20_000 + "1]")
    time.sleep(0.005)
"""
CARELESS = """
import sys, time
for _ in range(40):
    with open(sys.argv[1] + "/a.json", "w") as file:
        for piece in ["[", *["1, "] * 5, "1]"]:
            file.write(piece)
            file.flush()
            time.sleep(0.002)
"""


@pytest.mark.parametrize(("program", "good"), [(CAREFUL, True), (CARELESS, False)])
def test_half_files_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, good: bool):
    monkeypatch.setattr(killed_runs, "_MAIN", program)
    outcome = kill_again_and_again(Work("write", lambda out: [str(out)]), tmp_path / "out", kills=8)
    assert outcome.kills == 8
    assert not outcome.failed
    assert outcome.good is good
    assert bool(outcome.damaged) is not good


def test_files_are_checked_by_their_formats(tmp_path: Path):
    write_image(tmp_path / "a.png", np.zeros((40, 40, 3), np.uint8))
    np.savez(tmp_path / "a.npz", a=np.zeros(9))
    (tmp_path / "a.json").write_text(json.dumps({"a": 1}))
    (tmp_path / "a.csv").write_text("a,b\n")
    (tmp_path / f".a.{'0' * 16}.mien-part.json").write_text("{")
    assert damaged_files(tmp_path) == []
    assert len(left_files(tmp_path)) == 1
    for path in tmp_path.glob("a.*"):
        content = path.read_bytes()
        path.write_bytes(content[: len(content) * 2 // 3])
    assert len(damaged_files(tmp_path)) == 4
