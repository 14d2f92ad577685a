"""`mien view`: what it shows, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pytest

import mien
from mien.commands.app import main
from mien.commands.view import ViewConfig, shown_face
from mien.viewer.shown_faces import photographed_head

PHOTO = Path(__file__).parents[2] / "examples" / "astronaut.jpg"


def test_it_serves_until_interrupted(tmp_path: Path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(
        [sys.executable, "-m", "mien.commands.app", "view", "--no-open", "--out", str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    found = re.search(r"http://127\.0\.0\.1:\d+/\S+/", process.stdout.readline())
    assert found
    assert b"main.js" in urllib.request.urlopen(found[0], timeout=30).read()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert not errors
    assert not (tmp_path / "out").exists()


def test_a_photo_its_fit_and_its_field_show_the_same_head(tmp_path: Path):
    pytest.importorskip("torch", reason="fields need torch")
    from mien.morphable_fields.field_files import save_morphable_field

    photo = photographed_head(PHOTO)
    mien.export(mien.fit_photo(PHOTO)[0], tmp_path / "head.npz")
    save_morphable_field(photo.face, tmp_path / "head.field")
    fit = shown_face(ViewConfig(tmp_path / "head.npz", fitted_photo=PHOTO))
    field = shown_face(ViewConfig(tmp_path / "head.field"))
    plain = shown_face(ViewConfig(tmp_path / "head.npz"))
    for shown in (fit, field, plain):
        np.testing.assert_allclose(shown.face.vertices_m, photo.face.vertices_m, atol=1e-9)
        assert shown.cards is not None
    np.testing.assert_array_equal(fit.face.texture, photo.face.texture)
    np.testing.assert_array_equal(field.face.texture, photo.face.texture)
    assert (plain.face.texture != photo.face.texture).any()
    assert field.model is not None


def test_what_cannot_be_shown(tmp_path: Path, capsys):
    (tmp_path / "empty").mkdir()
    assert main(["view", str(tmp_path / "empty"), "--no-open"]) == 1
    assert "no field that landmarks steer" in capsys.readouterr().err
    assert main(["view", str(tmp_path / "no.json"), "--no-open"]) == 1
    assert main(["view", "--port", "70000"]) == 2
    assert main(["view", str(PHOTO), "--fitted-photo", str(PHOTO)]) == 2
