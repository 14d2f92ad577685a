"""`mien head expressions`: tables, maps and converted weights."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mien
from mien.commands.app import main
from mien.heads.library import load_head
from tests.commands.fakes import FakeLandmarker
from tests.heads.formats.files import write_flame_pickle
from tests.heads.formats.near_flame import near_flame


@pytest.fixture(scope="module")
def flame(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("flame") / "flame2023.pkl"
    write_flame_pickle(path, near_flame().arrays)
    return path


@pytest.fixture(scope="module")
def track(flame: Path, tmp_path_factory) -> Path:
    """Three frames of FLAME, whose jaw opens."""
    image = np.full((240, 320, 3), 128, np.uint8)
    found = mien.track_video([image] * 3, head=flame, context=mien.Context(landmarker=FakeLandmarker()))
    expression = np.zeros_like(found.expression)
    expression[:, 0] = (0.0, 0.4, 0.8)
    head = load_head(flame)
    return mien.export(
        replace(found, expression=expression), tmp_path_factory.mktemp("track") / "clip.npz", head=head
    )


def test_table_and_map(flame: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["head", "expressions", "--head", str(flame), "--map", str(tmp_path / "map.npz")]) == 0
    text = capsys.readouterr().out
    assert "flame flame2023" in text
    assert "flame000Plus" in text
    assert "of all motion is explained" in text
    assert mien.read_expression_map(tmp_path / "map.npz").from_head == "flame"


def test_json_of_the_other_direction(flame: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["head", "expressions", "--head", str(flame), "--from-built-in", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["from"]["head_name"] == "mien-head"
    assert document["to"]["head_name"] == "flame"
    assert document["expressions"]["jawOpen"]["weights"]["jawOpen"] > 0.5
    assert 0 <= document["expressions"]["jawOpen"]["explained"] <= 1


@pytest.mark.parametrize("suffix", ["csv", "json", "npz"])
def test_a_track_is_converted(flame: Path, track: Path, tmp_path: Path, suffix: str):
    out = tmp_path / f"weights.{suffix}"
    arguments = ["--head", str(flame), "--weights-of", str(track), "--converted", str(out)]
    assert main(["head", "expressions", *arguments]) == 0
    expected = mien.map_expressions(flame).convert(mien.read_track(track).expression)
    jaw = load_head().expression_names.index("jawOpen")
    assert (np.diff(expected.weights[:, jaw]) > 0.2).all()
    if suffix == "csv":
        rows = list(csv.DictReader(out.read_text().splitlines()))
        values = [[float(row[name]) for name in load_head().expression_names] for row in rows]
        np.testing.assert_allclose(values, expected.weights, atol=1e-5)
        np.testing.assert_allclose([float(r["residual_mm"]) for r in rows], expected.residual_mm, atol=1e-4)
        np.testing.assert_allclose([float(r["time_s"]) for r in rows], mien.read_track(track).times_s)
    elif suffix == "json":
        document = json.loads(out.read_text())
        assert document["expression_names"] == list(load_head().expression_names)
        np.testing.assert_allclose(document["weights"], expected.weights)
    else:
        with np.load(out) as saved:
            np.testing.assert_allclose(saved["weights"], expected.weights)


def test_live_link_face_has_arkit_weights_of_a_flame_track(flame: Path, track: Path, tmp_path: Path):
    path = mien.export(mien.read_track(track), tmp_path / "clip.csv", head=load_head(flame))
    rows = list(csv.DictReader(path.read_text().splitlines()))
    expected = mien.map_expressions(flame).convert(mien.read_track(track).expression).weights
    names = [name[0].upper() + name[1:] for name in load_head().expression_names]
    values = [[float(row[name]) for name in names] for row in rows]
    np.testing.assert_allclose(values, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ([], "--head"),
        (["--head", "FLAME", "--converted", "x.csv"], "go together"),
        (["--head", "FLAME", "--weights-of", "TRACK", "--converted", "x.txt"], "must end in"),
        (
            ["--head", "FLAME", "--from-built-in", "--weights-of", "TRACK", "--converted", "x.csv"],
            "of the head flame",
        ),
        (["--head", "FLAME", "--map", "x.csv"], "ends in"),
        (["--head", "FLAME", "--ridge", "-1"], "ridge"),
    ],
)
def test_refusals(arguments, word, flame: Path, track: Path, capsys: pytest.CaptureFixture[str]):
    files = {"FLAME": str(flame), "TRACK": str(track)}
    assert main(["head", "expressions", *(files.get(each, each) for each in arguments)]) == (
        2 if word in ("--head", "go together", "must end in", "ridge") else 1
    )
    assert word in capsys.readouterr().err
