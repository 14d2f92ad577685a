"""`--hair` from arguments to files, with a stand-in for the networks."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from mien.commands.app import main
from mien.commands.options import TextureOptions
from mien.commands.result_files import dressed
from mien.heads.library import load_head
from mien.images.photo import read_image
from mien.images.writing import write_image
from mien.looks.head_look import person_look
from tests.commands.fakes import FakeLandmarker


@pytest.fixture(autouse=True)
def _fake_networks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mien.landmarks.landmarker.Landmarker", FakeLandmarker)
    monkeypatch.delenv("MIEN_DEBUG", raising=False)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return write_image(tmp_path / "one.png", np.full((240, 320, 3), 128, np.uint8))


def triangles_by_material(path: Path) -> dict[str, int]:
    data = path.read_bytes()
    document = json.loads(data[20 : 20 + struct.unpack("<I", data[12:16])[0]])
    return {
        document["materials"][each["material"]]["name"]: document["accessors"][each["indices"]]["count"] // 3
        for each in document["meshes"][0]["primitives"]
    }


def test_hair_is_in_every_file_that_shows_the_head(picture: Path, tmp_path: Path):
    for hair in ("none", "short"):
        out = tmp_path / hair
        options = ["--hair", hair, "--texture-size", "64", "--formats", "glb", "obj", "json"]
        assert main(["fit", str(picture), "--out", str(out), *options]) == 0
    bare, haired = (triangles_by_material(tmp_path / hair / "one.glb") for hair in ("none", "short"))
    assert haired["hair"] > bare["hair"] + 1000
    assert {name: count for name, count in haired.items() if name != "hair"} == {
        name: count for name, count in bare.items() if name != "hair"
    }
    assert "\ng hair\n" in (tmp_path / "short" / "one.obj").read_text()
    assert "\ng hair\n" not in (tmp_path / "none" / "one.obj").read_text()
    parameters = [json.loads((tmp_path / hair / "one.json").read_text()) for hair in ("none", "short")]
    assert parameters[0] == parameters[1]
    sheets = [read_image(tmp_path / hair / "one-look.png") for hair in ("none", "short")]
    assert sheets[0].shape[0] == sheets[1].shape[0]
    overlays = [read_image(tmp_path / hair / "one-overlay.png") for hair in ("none", "short")]
    np.testing.assert_array_equal(*overlays)


def test_without_hair_everything_stays_as_it_is():
    head, person = load_head(), person_look(size_px=64)
    shown, look = dressed(head, person, TextureOptions())
    assert shown is head
    assert look is person.look
    assert dressed(head, None, TextureOptions(hair="bob")) == (head, None)


def test_hair_needs_a_texture(picture: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["fit", str(picture), "--hair", "bob", "--texture", "none"]) != 0
    assert "--hair" in capsys.readouterr().err
