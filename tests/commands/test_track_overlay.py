"""The overlay of `mien track`: drawn several frames at a time, the same as one by one."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from mien.commands.app import INTERRUPTED, main
from mien.drawing import draw_track_frame
from mien.errors import FitError
from mien.heads.library import load_head
from mien.images.video import VideoWriter, open_video
from mien.tracking.track_file import open_track
from tests.commands.fakes import FakeLandmarker

FRAMES = 12


@pytest.fixture(autouse=True)
def _fake_networks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mien.landmarks.landmarker.Landmarker", FakeLandmarker)
    monkeypatch.delenv("MIEN_DEBUG", raising=False)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    with VideoWriter(path, frames_per_second=25, quality=10) as video:
        for index in range(FRAMES):
            video.write(np.full((180, 240, 3), 100 + 5 * index, np.uint8))
    return path


def pictures_of(path: Path) -> list[np.ndarray]:
    with open_video(path) as video:
        return [frame.image for frame in video]


def test_frames_are_those_drawn_one_by_one(clip: Path, tmp_path: Path):
    out = tmp_path / "out"
    assert main(["track", str(clip), "--out", str(out), "--formats", "npz"]) == 0
    head, track = load_head(), open_track(out / "clip.npz").load()
    with (
        open_video(clip) as video,
        VideoWriter(tmp_path / "one-by-one.mp4", frames_per_second=25, quick=True) as writer,
    ):
        for frame in video:
            writer.write(draw_track_frame(frame.image, head, track, frame.index), frame.time_s)
    drawn = pictures_of(out / "clip-overlay.mp4")
    assert len(drawn) == FRAMES
    np.testing.assert_array_equal(drawn, pictures_of(tmp_path / "one-by-one.mp4"))


def ours_at_work() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("mien")]


def test_an_error_while_drawing_is_told_and_leaves_no_file(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def fails(image, head, track, frame, **_):
        if frame == 4:
            raise FitError("frame 4 cannot be drawn")
        return image

    monkeypatch.setattr("mien.drawing.draw_track_frame", fails)
    out = tmp_path / "out"
    assert main(["track", str(clip), "--out", str(out)]) == 1
    assert "frame 4 cannot be drawn" in capsys.readouterr().err
    assert not list(out.iterdir())
    assert not ours_at_work()


@pytest.mark.parametrize("during", ["update", "write"])
def test_an_interruption_leaves_no_file_and_no_thread(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, during: str
):
    place = {
        "update": "mien.tracking.everyone.Everyone.update",
        "write": "mien.images.video.VideoWriter.write",
    }
    calls = []

    def interrupted(*_, **__):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return []

    monkeypatch.setattr(place[during], interrupted)
    out = tmp_path / "out"
    assert main(["track", str(clip), "--out", str(out)]) == INTERRUPTED
    assert len(calls) == 3
    assert not out.exists() or not list(out.iterdir())
    assert not ours_at_work()
