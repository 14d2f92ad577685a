"""`mien head convert` on a folder in ICT-FaceKit's layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.commands.app import main
from mien.heads.library import load_head, read_head_metadata
from tests.heads.formats.files import write_ict_folder


def test_convert_writes_a_head_with_all_sets(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_ict_folder(tmp_path / "model", load_head())
    (tmp_path / "model" / "vertex_indices.json").unlink()  # its landmarks are made up
    out = tmp_path / "head.npz"
    assert main(["head", "convert", str(tmp_path / "model"), "--out", str(out)]) == 0
    assert str(out) in capsys.readouterr().out
    head, built_in = load_head(out), load_head()
    landmarks_m, expected_m = (h.mean_m[h.landmark_set("dense703").vertices] for h in (head, built_in))
    assert np.median(np.linalg.norm(landmarks_m - expected_m, axis=1)) < 1e-4
    assert {name: len(s) for name, s in head.landmark_sets.items()} == {
        name: len(s) for name, s in built_in.landmark_sets.items()
    }
    assert "dense703: distance from the surface" in read_head_metadata(out)["figures"]


def test_a_wrong_landmark_list_is_an_error_not_a_crash(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    write_ict_folder(tmp_path / "model")
    (tmp_path / "list.txt").write_text("1, 2, 3")
    arguments = ["head", "convert", str(tmp_path / "model"), "--out", str(tmp_path / "head.npz")]
    assert main([*arguments, "--ibug68", str(tmp_path / "list.txt")]) != 0
    assert "68 vertex numbers" in capsys.readouterr().err
    assert not (tmp_path / "head.npz").exists()
