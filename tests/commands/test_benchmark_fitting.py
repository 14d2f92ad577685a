"""`mien benchmark fitting` on few people."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mien.commands.app import main
from mien.heads.library import load_head
from mien.synthetic.held_out_people.crowd import Crowd, save_crowd


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    head, rng = load_head(), np.random.default_rng(0)
    identity = rng.normal(size=(2, head.identity_count))
    crowd = Crowd(
        displacements_m=np.tensordot(identity, head.identity_basis_m, axes=1),
        joints_m=np.tensordot(identity, head.joints_identity_m, axes=1),
        groups=("one", "one"),
        expression=np.zeros((2, 1, head.expression_count)),
        joint_rotations=np.zeros((2, 1, 4, 3)),
        root_rotation=np.zeros((2, 1, 3)),
        root_translation_m=np.full((2, 1, 3), [0, 0, -0.6]),
        focal_px=np.full((2, 1), 700.0),
        size_px=512,
        head_name=head.name,
        head_version=head.version,
        seed=5,
    )
    save_crowd(crowd, tmp_path / "people.npz")
    return tmp_path


def run(*arguments: object) -> int:
    return main(["benchmark", "fitting", *map(str, arguments)])


def test_people_as_json_with_a_sheet_and_a_page(cache: Path, capsys: pytest.CaptureFixture[str]):
    page = cache / "page.md"
    page.write_text("text\n<!-- people: begin -->\n<!-- people: end -->\n")
    options = ("--study", "people", "--people", 1, "--shots", 1, "--landmarks", "ibug68")
    files = ("--sheet", cache / "sheet.png", "--write", page)
    assert run(*options, *files, "--cache", cache, "--seed", 5, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["studies"][0]["groups"]["all"]["mean head"]["median_mm"] > 0.3
    assert (cache / "sheet.png").stat().st_size > 1000
    assert "| mean head |" in page.read_text()


def test_other_people_than_asked_for_are_refused(cache: Path, capsys: pytest.CaptureFixture[str]):
    assert run("--study", "people", "--people", 2, "--shots", 1, "--cache", cache, "--seed", 6) == 1
    assert "--cache" in capsys.readouterr().err


def test_people_must_be_drawn_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run("--study", "people", "--cache", tmp_path) == 1
    assert "--assets" in capsys.readouterr().err


def test_the_heads_own_people_are_refused(capsys: pytest.CaptureFixture[str]):
    assert run("--study", "people", "--seed", 0) == 2
    assert "learned from" in capsys.readouterr().err


def test_help_names_the_studies(capsys: pytest.CaptureFixture[str]):
    assert run("--help") == 0
    assert "intersection" in capsys.readouterr().out
