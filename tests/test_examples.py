"""The examples run as they stand, with a stand-in for the networks."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

import mien
from mien.images.video import VideoWriter
from tests.commands.fakes import FakeLandmarker

EXAMPLES = Path(__file__).parents[1] / "examples"

WRITES = {
    "01_landmarks.py": ["landmarks.png"],
    "02_fit_photo.py": ["fit.png", "fit.glb"],
    "03_track_video.py": ["track.mp4", "track.glb"],
    "04_export.py": ["head.glb", "head.obj", "head.json", "head.npz", "head-mouth-open.obj"],
    "05_field.py": ["turntable.gif", "landmarks.ply"],
}


def test_every_example_is_tested():
    assert sorted(path.name for path in EXAMPLES.glob("*.py")) == sorted(WRITES)


@pytest.mark.parametrize("name", WRITES)
def test_example_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mien.landmarks.landmarker.Landmarker", FakeLandmarker)
    monkeypatch.setattr(mien, "Landmarker", FakeLandmarker)
    arguments = [str(EXAMPLES / name)]
    if "video" in name:
        arguments.append("clip.mp4")
        with VideoWriter("clip.mp4", frames_per_second=25) as video:
            for _ in range(4):
                video.write(np.full((180, 240, 3), 128, np.uint8))
    monkeypatch.setattr(sys, "argv", arguments)
    runpy.run_path(arguments[0], run_name="__main__")
    written = {path.name for path in (tmp_path / "out" / "examples").iterdir()}
    assert set(WRITES[name]) <= written
