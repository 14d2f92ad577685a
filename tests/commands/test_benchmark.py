"""`mien benchmark …`: what is printed, the gate, wrong usage."""

from __future__ import annotations

import json

import numpy as np
import pytest

import mien.landmarks.landmarker
from mien.commands.app import main
from mien.evaluation.speed.timing import PHOTO_FIT, PHOTO_FIT_ONE_THREAD
from mien.images.writing import write_image
from mien.landmarks.landmarker import Landmarker
from tests.commands.fakes import landmarks_of_mean_head


class _StillFace(Landmarker):
    """Sees the mean head in the middle of every picture."""

    def __init__(self, model="realtime", *, search="search"):
        pass

    def __call__(self, image, max_faces=None):
        return [landmarks_of_mean_head(image.shape[1], image.shape[0])]

    def track(self, image, previous):
        return landmarks_of_mean_head(image.shape[1], image.shape[0])


@pytest.fixture
def photo(tmp_path, monkeypatch):
    monkeypatch.setattr(mien.landmarks.landmarker, "Landmarker", _StillFace)
    path = tmp_path / "photo.png"
    write_image(path, np.full((300, 300, 3), 99, np.uint8))
    return str(path)


def test_speed_prints_every_part_and_the_gate_holds(photo, tmp_path, capsys):
    assert main(["benchmark", "speed", "--photo", photo, "--count", "4", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    names = [timing["name"] for timing in document["timings"]]
    assert names == [
        "landmarks",
        "fit",
        "landmarks + fit",
        "tracker",
        PHOTO_FIT,
        PHOTO_FIT_ONE_THREAD,
        "search",
    ]
    assert all(timing["median_ms"] > 0 for timing in document["timings"])

    baseline = tmp_path / "baseline.json"
    arguments = ["benchmark", "speed", "--photo", photo, "--count", "4", "--baseline", str(baseline)]
    for factor, code in ((1000.0, 0), (1e-3, 1)):
        slowed = [{**each, "median_ms": factor * each["median_ms"]} for each in document["timings"]]
        baseline.write_text(json.dumps({**document, "timings": slowed}))
        assert main([*arguments, "--gate", "1.5"]) == code
    printed = capsys.readouterr()
    assert "landmarks + fit" in printed.out
    assert "slower than 1.5" in printed.err


def test_wrong_baselines_are_named(photo, tmp_path, capsys):
    broken = tmp_path / "broken.json"
    broken.write_text("[]")
    for arguments, said in (
        (["--baseline", str(broken)], "broken.json"),
        (["--baseline", str(tmp_path / "none.json")], "no such file"),
        (["--gate", "2"], "--baseline"),
    ):
        assert main(["benchmark", "speed", "--photo", photo, *arguments]) == 1
        assert said in capsys.readouterr().err


def test_ytf68_names_a_missing_folder(photo, tmp_path, capsys):
    assert main(["benchmark", "ytf68", "--data", str(tmp_path / "nowhere")]) == 1
    assert "translate.csv" in capsys.readouterr().err
    assert main(["benchmark", "ytf68", "--data", str(tmp_path), "--sheet", "sheet.pdf"]) == 1
    assert "--sheet" in capsys.readouterr().err
