"""`mien head info`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mien.commands.app import main
from mien.head_building.brow_statistics import MODES
from mien.heads.library import save_head
from tests.toy_head import toy_head


def test_built_in_head_with_its_figures(capsys: pytest.CaptureFixture[str]):
    assert main(["head", "info", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["name"] == "mien-head"
    assert facts["landmark sets"]["dense703"] == 703
    assert facts["joints"] == ["neck", "head", "left_eye", "right_eye"]
    assert 0 < facts["figures"]["ict_mean_error_mm"] < 1
    # and what brows are beyond the skin
    assert facts["config"]["components"] + len(MODES) == facts["identity components"]


def test_table_for_people(capsys: pytest.CaptureFixture[str]):
    assert main(["head", "info"]) == 0
    text = capsys.readouterr().out
    for word in ("mien-head", "jawOpen", "mouth_interior", "ict_mean_error_mm"):
        assert word in text


def test_own_head(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    save_head(toy_head(), tmp_path / "toy.npz")
    assert main(["head", "info", "--head", str(tmp_path / "toy.npz"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["name"] == "toy"
    assert "figures" not in facts


def test_missing_head_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["head", "info", "--head", str(tmp_path / "none.npz")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
