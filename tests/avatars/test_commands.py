"""The whole path on the command line: train on prepared frames, drive, look."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mien.avatars.dataset_files import save_avatar_data
from mien.commands.app import main
from mien.images.photo import read_image
from tests.avatars.talking_head import talking_head


def test_train_drive_and_info(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    frames = save_avatar_data(talking_head(), tmp_path / "frames")
    out = tmp_path / "face.avatar"
    assert main(["avatar", "train", str(frames), "--out", str(out), "--max-minutes", "0.03", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["frames"] == 8
    assert (tmp_path / "face.avatar.training" / "preview.png").exists()
    driven = tmp_path / "driven"
    assert (
        main(["avatar", "drive", str(out), "--set", "jawOpen=0.6", "--size", "48", "--out", str(driven)]) == 0
    )
    assert read_image(driven / "driven.png").shape == (48, 48, 3)
    capsys.readouterr()
    assert main(["avatar", "info", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "splat_avatar"
