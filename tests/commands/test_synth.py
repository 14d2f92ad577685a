"""`mien synth`: the drawing itself is tested with tests/training/synth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.commands.app import main
from mien.errors import InputError
from mien.progress import Progress
from mien.synthetic.scenes import shards
from mien.synthetic.scenes.synth_config import SynthConfig


def test_says_what_it_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def write_shards(config: SynthConfig, *, report) -> list[Path]:
        config.out.mkdir()
        for done in range(config.count + 1):
            report(Progress(done, config.count))
        return [config.out / "shard-000000.tar"]

    monkeypatch.setattr(shards, "write_shards", write_shards)
    monkeypatch.setattr(shards, "contact_sheet_of", lambda _: np.zeros((4, 4, 3), np.uint8))
    out = tmp_path / "faces"
    assert main(["synth", "--assets", str(tmp_path), "--count", "3", "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert "3 pictures drawn" in text
    assert f"1 shards in {out}" in text
    assert f"mien train landmarks --data {out}" in text
    assert (out / "sheet.png").exists()


def test_failure_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def write_shards(config: SynthConfig, *, report) -> list[Path]:
        raise InputError("is not a folder of MakeHuman assets", source=config.assets)

    monkeypatch.setattr(shards, "write_shards", write_shards)
    assert main(["synth", "--assets", str(tmp_path)]) == 1
    assert "MakeHuman" in capsys.readouterr().err


def test_assets_must_be_named():
    assert main(["synth"]) == 2
