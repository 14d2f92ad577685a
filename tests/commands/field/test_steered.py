"""The verbs of fields that landmarks steer, from a saved field to files."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mien.commands.app import main
from mien.heads.library import load_head
from mien.morphable_fields.face import MorphableFace
from mien.morphable_fields.field_files import load_morphable_field, save_morphable_field

QUICK = ["--side-px", "24", "--rays-each-way", "1"]


@pytest.fixture
def fields(tmp_path):
    """Two saved fields: one at rest, one with an open mouth."""
    head = load_head()
    texture = np.full((16, 16, 3), (190, 140, 120), np.uint8)
    rest = MorphableFace.of_parameters(texture, head.neutral())
    opened = rest.with_expression(np.array([0.8 * (name == "jawOpen") for name in head.expression_names]))
    return [
        save_morphable_field(face, tmp_path / f"{name}.field")
        for name, face in (("rest", rest), ("opened", opened))
    ]


def opening_m(folder) -> float:
    landmarks_m = load_morphable_field(folder).face.landmarks_m
    return float(landmarks_m[62, 1] - landmarks_m[66, 1])


def test_edit(fields, tmp_path, capsys):
    out = tmp_path / "out"
    code = main(
        ["field", "edit", str(fields[0]), "--set", "jawOpen=0.5", "--move", "mouth_corners:3,0,0"]
        + ["--symmetric", "--mesh", "glb", "--out", str(out), "--json", *QUICK]
    )
    assert code == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert [name.rsplit("/", 1)[1] for name in files] == ["edited.png", "edited.glb", "edited.field"]
    assert opening_m(out / "edited.field") > opening_m(fields[0]) + 0.005
    assert main(["field", "info", str(out / "edited.field")]) == 0
    assert "jawOpen" in capsys.readouterr().out


def test_transfer_swap_and_interpolate(fields, tmp_path):
    out = ["--out", str(tmp_path / "out"), *QUICK]
    rest, opened = map(str, fields)
    assert main(["field", "transfer", rest, opened, *out]) == 0
    assert opening_m(tmp_path / "out" / "transferred.field") == pytest.approx(opening_m(fields[1]), rel=0.1)
    assert main(["field", "swap", rest, opened, *out]) == 0
    assert opening_m(tmp_path / "out" / "second.field") == pytest.approx(opening_m(fields[0]), abs=1e-4)
    assert main(["field", "interpolate", rest, opened, "--strip", "3", *out]) == 0
    assert (tmp_path / "out" / "interpolated.png").exists()


def test_landmarks_in_a_file_drive(fields, tmp_path):
    landmarks = tmp_path / "landmarks.json"
    points = load_morphable_field(fields[1]).face.landmarks_m
    landmarks.write_text(json.dumps({"landmarks_m": points.tolist()}))
    out = ["--out", str(tmp_path / "out"), "--mode", "absolute", *QUICK]
    assert main(["field", "transfer", str(fields[0]), str(landmarks), *out]) == 0
    assert opening_m(tmp_path / "out" / "transferred.field") == pytest.approx(opening_m(fields[1]), abs=1e-3)


@pytest.mark.parametrize(
    ("option", "says"),
    [
        (["--move", "mouth:1,2"], "write landmarks:left,up,out"),
        (["--move", "ear:0,0,1"], "there are no landmarks"),
        (["--set", "jawOpen"], "write name=weight"),
        (["--set", "grin=1"], "no shape"),
    ],
)
def test_nonsense_is_told(fields, tmp_path, capsys, option, says):
    assert main(["field", "edit", str(fields[0]), *option, "--out", str(tmp_path / "out"), *QUICK]) != 0
    assert says in capsys.readouterr().err
