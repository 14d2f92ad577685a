"""`mien fit` and `mien track` with somebody else's head, from its file to files, networks stood in for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import mien
from mien.commands.app import main
from mien.heads.library import load_head
from mien.images.writing import write_image
from tests.commands.fakes import FakeLandmarker
from tests.commands.test_track import write as write_video
from tests.heads.formats.files import write_flame_pickle
from tests.heads.formats.near_flame import near_flame


@pytest.fixture(autouse=True)
def _fake_networks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mien.landmarks.landmarker.Landmarker", FakeLandmarker)
    monkeypatch.delenv("MIEN_DEBUG", raising=False)


@pytest.fixture(scope="module")
def flame(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("flame") / "flame2023.pkl"
    write_flame_pickle(path, near_flame().arrays)
    return path


def test_fit_writes_every_file_of_the_other_head(flame: Path, tmp_path: Path, capsys):
    picture = write_image(tmp_path / "one.png", np.full((480, 640, 3), 128, np.uint8))
    out = tmp_path / "out"
    arguments = ["fit", str(picture), "--head", str(flame), "--out", str(out), "--json"]
    arguments += ["--origin", "camera", "--texture", "none"]
    assert main([*arguments, "--formats", "glb", "obj", "json", "npz"]) == 0
    facts = json.loads(capsys.readouterr().out)["results"][0]
    assert (facts["head_name"], facts["head_version"]) == ("flame", "flame2023")
    # The stand-in sees the built-in head, of which this one is a copy: teeth apart, all of it is explained.
    assert facts["faces"][0]["median_residual_px"] < 1.0
    assert {path.name for path in out.iterdir()} >= {
        "one-overlay.png", "one.glb", "one.obj", "one.json", "one.npz",
    }  # fmt: skip
    vertices = [line for line in (out / "one.obj").read_text().splitlines() if line.startswith("v ")]
    head = load_head(flame)
    assert len(vertices) == head.vertex_count
    for suffix in ("json", "npz"):
        fit = mien.read_fit(out / f"one.{suffix}")
        assert head.takes_parameters_of(fit.head_name, fit.head_version)
        written_m = np.array([line.split()[1:] for line in vertices], float)
        np.testing.assert_allclose(head.vertices_m(fit.parameters), written_m, atol=1e-6)
        assert (
            mien.export(fit, tmp_path / f"again-{suffix}.obj", head=head, origin="camera")
            .read_text()
            .split("\n", 1)[1]
            == (out / "one.obj").read_text().split("\n", 1)[1]
        )


def test_a_converted_file_gives_the_same(flame: Path, tmp_path: Path, capsys):
    picture = write_image(tmp_path / "one.png", np.full((480, 640, 3), 128, np.uint8))
    converted = tmp_path / "flame.npz"
    assert main(["head", "convert", str(flame), "--out", str(converted)]) == 0
    fits = []
    for name, head in (("a", flame), ("b", converted)):
        out = tmp_path / name
        arguments = ["fit", str(picture), "--head", str(head), "--out", str(out), "--no-overlay"]
        assert main([*arguments, "--formats", "npz", "obj"]) == 0
        fits.append(mien.read_fit(out / "one.npz"))
        assert (out / "one.obj").read_text().count("\nv ") == load_head(flame).vertex_count
    assert fits[0].head_version == fits[1].head_version
    np.testing.assert_allclose(fits[0].residuals_px, fits[1].residuals_px, atol=0.05)


def test_track_of_the_other_head(flame: Path, tmp_path: Path):
    clip, out = write_video(tmp_path / "clip.mp4", lost=(5, 6)), tmp_path / "out"
    assert main(["track", str(clip), "--head", str(flame), "--out", str(out)]) == 0
    track = mien.read_track(out / "clip.npz")
    assert (track.head_name, track.head_version) == ("flame", "flame2023")
    assert {path.suffix for path in out.iterdir()} >= {".glb", ".npz", ".json", ".csv", ".mp4"}
    head = load_head(flame)
    # A head as its publisher has it serves for frames too.
    assert mien.export(track.frame(0), tmp_path / "frame.obj", head=head).exists()


def test_a_file_that_is_no_head_is_one_line(tmp_path: Path, capsys):
    picture = write_image(tmp_path / "one.png", np.full((48, 64, 3), 128, np.uint8))
    (tmp_path / "bad.pkl").write_bytes(b"\x80nothing")
    assert main(["fit", str(picture), "--head", str(tmp_path / "bad.pkl"), "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_the_library_takes_a_file_as_head(flame: Path):
    image = np.full((480, 640, 3), 128, np.uint8)
    context = mien.Context(landmarker=FakeLandmarker())
    [by_argument] = mien.fit_photo(image, head=flame, context=context)
    [by_context] = mien.fit_photo(image, context=mien.Context(flame, FakeLandmarker()))
    np.testing.assert_array_equal(by_argument.parameters.identity, by_context.parameters.identity)
    assert by_argument.head_name == "flame"
    track = mien.track_video([image] * 4, head=flame, context=context)
    assert track.head_name == "flame"
    views = mien.fit_views([image, image], head=flame, context=context)
    assert views.found[0].head_name == "flame"
    with pytest.raises(mien.InputError, match="both name a head"):
        mien.fit_photo(image, head=flame, context=mien.Context(flame))
