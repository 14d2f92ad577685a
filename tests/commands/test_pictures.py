"""`mien landmarks` and `mien fit` from arguments to files, with a stand-in for the networks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mien.commands.app import main
from mien.images.photo import read_image
from mien.images.writing import write_image
from tests.commands.fakes import FakeLandmarker


@pytest.fixture(autouse=True)
def _fake_networks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mien.landmarks.landmarker.Landmarker", FakeLandmarker)
    monkeypatch.delenv("MIEN_DEBUG", raising=False)


@pytest.fixture
def pictures(tmp_path: Path) -> dict[str, Path]:
    grey = np.full((240, 320, 3), 128, np.uint8)
    two = grey.copy()
    two[0, 0] = 255
    text = tmp_path / "text.jpg"
    text.write_text("no picture")
    return {
        "one": write_image(tmp_path / "one.png", grey),
        "two": write_image(tmp_path / "two.png", two),
        "none": write_image(tmp_path / "none.png", np.zeros_like(grey)),
        "dot": write_image(tmp_path / "dot.png", grey[:1, :1]),
        "text": text,
        "missing": tmp_path / "missing.jpg",
    }


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_landmarks_of_one_picture(pictures, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "out"
    assert main(["landmarks", str(pictures["one"]), "--out", str(out)]) == 0
    assert names(out) == ["one-landmarks.json", "one-landmarks.npz", "one-landmarks.png"]
    assert "one-landmarks.png" in capsys.readouterr().out
    document = json.loads((out / "one-landmarks.json").read_text())
    with np.load(out / "one-landmarks.npz") as saved:
        points_px = saved["points_px"]
    assert document["set_name"] == "dense320"
    assert np.array_equal(points_px, [face["points_px"] for face in document["faces"]])
    assert points_px.shape == (1, 320, 2)


def test_landmarks_in_another_set(pictures, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    arguments = [str(pictures["one"]), "--out", str(tmp_path), "--set-name", "ibug68", "--json"]
    assert main(["landmarks", *arguments]) == 0
    document = json.loads(capsys.readouterr().out)
    assert np.shape(document["results"][0]["faces"][0]["points_px"]) == (68, 2)


def test_unknown_set_names_the_known_ones(pictures, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["landmarks", str(pictures["one"]), "--out", str(tmp_path), "--set-name", "ibug69"]) == 1
    assert "ibug69" in capsys.readouterr().err


def test_fit_of_one_picture(pictures, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "out"
    assert main(["fit", str(pictures["one"]), "--out", str(out)]) == 0
    assert names(out) == ["one-look.png", "one-overlay.png", "one.glb", "one.json"]
    assert (out / "one.glb").read_bytes()[:4] == b"glTF"
    assert read_image(out / "one-overlay.png").ndim == 3
    text = capsys.readouterr().out
    assert str(out / "one.glb") in text
    assert "Blender" in text


def test_several_faces_are_numbered(pictures, tmp_path: Path):
    out = tmp_path / "out"
    assert main(["fit", str(pictures["two"]), "--out", str(out), "--formats", "npz", "obj"]) == 0
    expected = [f"two-{n}{end}" for n in (1, 2) for end in ("-look.png", "-overlay.png", ".npz", ".obj")]
    beside = [name for name in names(out) if name.endswith((".mtl", "-base-color.jpg", "-cards.png"))]
    assert names(out) == sorted(expected + beside)
    assert {"two-1.mtl", "two-2.mtl"} <= set(beside)


def test_max_faces(pictures, tmp_path: Path):
    out = tmp_path / "out"
    assert main(["fit", str(pictures["two"]), "--out", str(out), "--max-faces", "1"]) == 0
    assert "two-overlay.png" in names(out)


@pytest.mark.parametrize("verb", ["landmarks", "fit"])
def test_bad_pictures_fail_and_the_others_are_done(
    verb: str, pictures, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "out"
    inputs = [str(pictures[name]) for name in ("missing", "text", "none", "dot", "one")]
    assert main([verb, *inputs, "--out", str(out), "--json"]) == 1
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert [result["input"] for result in document["results"]] == [str(pictures["one"])]
    messages = {Path(failure["input"]).name: failure["message"] for failure in document["failed"]}
    assert "does not exist" in messages["missing.jpg"]
    assert "not a picture" in messages["text.jpg"]
    assert "no face" in messages["none.png"]
    assert "1 × 1" in messages["dot.png"]
    for name, message in messages.items():
        assert name in message
        assert name in captured.err
    assert all(name.startswith("one") for name in names(out))


def test_fit_json_tells_the_fit(pictures, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["fit", str(pictures["one"]), "--out", str(tmp_path / "out"), "--json"]) == 0
    face = json.loads(capsys.readouterr().out)["results"][0]["faces"][0]
    assert face["median_residual_px"] < 1.0
    assert "jawOpen" in face["expression"]
    assert face["distance_m"] > 0.2


def test_stated_focal_length_is_kept(pictures, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    arguments = [str(pictures["one"]), "--out", str(tmp_path / "out"), "--json", "--focal-px", "384"]
    assert main(["fit", *arguments]) == 0
    face = json.loads(capsys.readouterr().out)["results"][0]["faces"][0]
    assert face["focal_px"] == pytest.approx(384)


@pytest.mark.parametrize(
    ("option", "value", "word"),
    [("--formats", "fbx", "fbx"), ("--focal-px", "-3", "above 0"), ("--max-faces", "0", "above 0")],
)
def test_impossible_options(
    pictures, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str, word: str
):
    assert main(["fit", str(pictures["one"]), "--out", str(tmp_path / "out"), option, value]) == 2
    assert word in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_folder_for_results_is_a_file(pictures, capsys: pytest.CaptureFixture[str]):
    assert main(["fit", str(pictures["one"]), "--out", str(pictures["text"])]) == 1
    assert "choose another place" in capsys.readouterr().err


@pytest.mark.parametrize("focal_px", ["1", "9000000"])
def test_an_impossible_fit_fails_with_its_reason(pictures, tmp_path, capsys, focal_px):
    out = tmp_path / "out"
    assert main(["fit", str(pictures["one"]), "--out", str(out), "--focal-px", focal_px]) == 1
    shown = capsys.readouterr()
    assert "the fit is implausible" in shown.err
    assert "is the focal length" in shown.err
    assert "nan" not in shown.out
    assert not list(out.iterdir())


def test_help_reads_well(capsys):
    for verb in ("fit", "track", "landmarks"):
        assert main([verb, "--help"]) == 0
        shown = capsys.readouterr().out
        assert "{None}" not in shown
        assert "(default: )" not in shown
        assert "(default: None)" not in shown
        assert "--" in shown


@pytest.mark.parametrize("formats", [["json"], ["glb", "csv"]])
def test_track_names_only_what_it_wrote(formats):
    from mien.commands.arguments import parse
    from mien.commands.track import TrackVideosConfig, _next_step

    arguments = ["clip.mp4", "--no-overlay", "--formats", *formats]
    said = _next_step(parse(TrackVideosConfig, arguments, prog="mien track"))
    assert "overlay" not in said
    for name in ("glb", "csv", "json", "npz"):
        assert (f".{name}" in said) == (name in formats)
