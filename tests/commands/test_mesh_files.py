"""`--origin`, `--no-camera` and `--neutral` of `mien fit` and `mien track`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pygltflib
import pytest

from mien.commands.app import main
from mien.images.video import VideoWriter
from mien.images.writing import write_image
from tests.commands.fakes import MEAN_FACE_DISTANCE_M, FakeLandmarker


@pytest.fixture(autouse=True)
def _fake_networks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mien.landmarks.landmarker.Landmarker", FakeLandmarker)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return write_image(tmp_path / "one.png", np.full((240, 320, 3), 128, np.uint8))


def places_m(path: Path) -> dict[str, np.ndarray]:
    """Translations of root and camera."""
    nodes = pygltflib.GLTF2().load(str(path)).nodes
    return {node.name: np.array(node.translation) for node in nodes if node.name in ("root", "camera")}


def test_a_head_stands_at_the_origin_unless_the_camera_does(picture: Path, tmp_path: Path):
    arguments = ["fit", str(picture), "--formats", "glb", "--no-overlay"]
    assert main([*arguments, "--out", str(tmp_path / "a")]) == 0
    head = places_m(tmp_path / "a" / "one.glb")
    np.testing.assert_allclose(head["root"], 0, atol=1e-9)
    assert head["camera"][2] == pytest.approx(MEAN_FACE_DISTANCE_M, rel=0.2)
    assert main([*arguments, "--out", str(tmp_path / "b"), "--origin", "camera"]) == 0
    camera = places_m(tmp_path / "b" / "one.glb")
    np.testing.assert_allclose(camera["camera"], 0, atol=1e-9)
    assert np.linalg.norm(camera["root"]) == pytest.approx(np.linalg.norm(head["camera"]))
    assert main([*arguments, "--out", str(tmp_path / "c"), "--no-camera"]) == 0
    assert set(places_m(tmp_path / "c" / "one.glb")) == {"root"}


def test_neutral_heads_are_written_beside_the_others(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "out"
    arguments = ["--formats", "glb", "obj", "json", "--neutral", "--no-overlay", "--out", str(out)]
    assert main(["fit", str(picture), *arguments]) == 0
    names = {"one.glb", "one-neutral.glb", "one.obj", "one-neutral.obj", "one.json"}
    pictures = {path.name for path in out.iterdir() if path.suffix in (".mtl", ".jpg", ".png")}
    assert {path.name for path in out.iterdir()} == names | pictures
    told = capsys.readouterr().out
    assert all(str(out / name) in told for name in names)


def test_neutral_without_a_mesh_is_refused(picture: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["fit", str(picture), "--formats", "json", "--neutral"]) == 2
    assert "--neutral needs glb or obj" in capsys.readouterr().err


def test_a_track_tells_its_rate_start_and_every_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    clip, out = tmp_path / "clip.mp4", tmp_path / "out"
    with VideoWriter(clip, frames_per_second=25) as video:
        for _ in range(4):
            video.write(np.full((180, 240, 3), 128, np.uint8))
    arguments = [
        "track",
        str(clip),
        "--formats",
        "glb",
        "csv",
        "--neutral",
        "--no-overlay",
        "--out",
        str(out),
    ]
    assert main([*arguments, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)["results"][0]
    assert result["people"][0]["start_time_s"] == 0
    assert [Path(name).name for name in result["files"]] == [
        "clip.glb",
        "clip-neutral.glb",
        "clip.csv",
        "clip.csv.txt",
    ]
    animated, still = (pygltflib.GLTF2().load(str(out / name)) for name in ("clip.glb", "clip-neutral.glb"))
    assert animated.asset.extras["fps"] == pytest.approx(25)
    assert len(animated.animations) == 1
    assert not still.animations
    assert main(arguments) == 0
    assert "start (s)" in capsys.readouterr().out
