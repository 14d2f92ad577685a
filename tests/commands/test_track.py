"""`mien track` from arguments to files, with a stand-in for the networks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mien.commands.app import main
from mien.errors import InputError
from mien.images.video import VideoWriter, open_video
from tests.commands.fakes import FakeLandmarker

FRAMES, LOST = 12, (5, 6, 7)


@pytest.fixture(autouse=True)
def _fake_networks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mien.landmarks.landmarker.Landmarker", FakeLandmarker)
    monkeypatch.delenv("MIEN_DEBUG", raising=False)


def write(path: Path, *, lost: tuple[int, ...] = (), noise: int = 0) -> Path:
    """A video in which the stand-in finds a face in every frame that is not black."""
    random = np.random.default_rng(0)
    with VideoWriter(path, frames_per_second=25, quality=10) as video:
        for index in range(FRAMES):
            image = np.full((180, 240, 3), 0 if index in lost else 128, np.uint8)
            if noise and index not in lost:
                scene = np.kron(np.random.default_rng(1).integers(60, 190, (9, 12, 1)), np.ones((20, 20, 3)))
                image = (scene + random.integers(-noise, noise, image.shape)).astype(np.uint8)
            video.write(image)
    return path


def test_track_writes_every_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    clip, out = write(tmp_path / "clip.mp4", lost=LOST), tmp_path / "out"
    assert main(["track", str(clip), "--out", str(out)]) == 0
    written = {path.name for path in out.iterdir()}
    assert {"clip-overlay.mp4", "clip.glb", "clip.npz", "clip.json", "clip.csv"} <= written
    text = capsys.readouterr().out
    assert "clip-overlay.mp4" in text
    assert f" {LOST[0]}–" in text
    with open_video(out / "clip-overlay.mp4") as video:
        assert len(list(video)) == FRAMES


def test_terms_of_the_energy_can_be_turned_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from mien.fitting.context import Context

    contexts: list[Context] = []

    def stop(*_, context: Context, **__):
        contexts.append(context)
        raise InputError("stop here")

    monkeypatch.setattr("mien.tracking.save_tracks.save_tracks", stop)
    clip = write(tmp_path / "clip.mp4")
    options = [
        "--still-points",
        "1",
        "--still-vertices-mm",
        "3",
        "--skin-teeth-mm",
        "0.2",
        "--lid-gap-mm",
        "0.1",
    ]
    assert main(["track", str(clip), "--out", str(tmp_path / "out"), *options]) == 1
    config = contexts[0].config
    assert (config.still_points_std, config.still_vertices_std_m) == (1.0, 0.003)
    assert (config.skin_teeth_std_m, config.lid_gap_std_m, config.skin_eyeball_std_m) == (0.0002, 0.0001, 0.0)


def test_a_deviation_below_zero_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    clip = write(tmp_path / "clip.mp4")
    assert main(["track", str(clip), "--still-points", "-1", "--out", str(tmp_path / "out")]) != 0
    assert "--still-points" in capsys.readouterr().err


def test_track_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    clip = write(tmp_path / "clip.mp4", lost=LOST)
    arguments = ["--out", str(tmp_path / "out"), "--formats", "npz", "--no-overlay", "--json"]
    assert main(["track", str(clip), *arguments]) == 0
    result = json.loads(capsys.readouterr().out)["results"][0]
    assert result["frames"] == FRAMES
    assert result["tracked"] == FRAMES - len(result["lost_frames"])
    # The tracker may take a frame or two to find a face again.
    assert set(LOST) <= set(result["lost_frames"]) <= {*LOST, 8, 9}
    assert result["complete"] is True
    assert [Path(name).name for name in result["files"]] == ["clip.npz"]


def test_cut_video_is_tracked_as_far_as_it_goes_and_counts_as_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    clip, out = write(tmp_path / "clip.mp4", noise=55), tmp_path / "out"
    data = clip.read_bytes()
    clip.write_bytes(data[: int(len(data) * 0.6)])
    assert main(["track", str(clip), "--out", str(out), "--formats", "npz"]) == 1
    captured = capsys.readouterr()
    assert "cut short" in captured.err
    assert "clip.mp4" in captured.err
    assert (out / "clip.npz").exists()


def test_bad_videos_fail_and_the_others_are_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    good = write(tmp_path / "good.mp4")
    empty = write(tmp_path / "nobody.mp4", lost=tuple(range(FRAMES)))
    text = tmp_path / "text.mp4"
    text.write_text("no video")
    inputs = [str(path) for path in (text, empty, tmp_path / "missing.mp4", good)]
    out = tmp_path / "out"
    assert main(["track", *inputs, "--out", str(out), "--formats", "npz", "--no-overlay"]) == 1
    message = capsys.readouterr().err
    assert "Failed: 3 of 4" in message
    assert "text.mp4: is not a video" in message
    assert "nobody.mp4: no face" in message
    assert "missing.mp4: does not exist" in message
    assert [path.name for path in out.iterdir()] == ["good.npz"]


def test_a_clip_can_be_solved_as_a_whole(tmp_path: Path):
    import mien

    clip, out = write(tmp_path / "clip.mp4", lost=LOST), tmp_path / "out"
    arguments = ["--formats", "npz", "--no-overlay", "--texture", "none"]
    assert main(["track", str(clip), *arguments, "--out", str(out / "a")]) == 0
    assert main(["track", str(clip), *arguments, "--whole-clip", "--out", str(out / "b")]) == 0
    plain, whole = (mien.read_track(out / name / "clip.npz") for name in "ab")
    np.testing.assert_array_equal(plain.tracked, whole.tracked)
    assert (plain.expression != whole.expression).any()
    np.testing.assert_allclose(whole.root_rotation, plain.root_rotation, atol=0.05)
