"""`mien field landmarks`: what is handed to the landmarker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.commands.app import main
from mien.fields.capture_facts import CaptureFacts
from mien.fields.config import FieldConfig
from mien.fields.files import save_field
from mien.fields.radiance_field import FieldFacts, RadianceField
from mien.landmarks_in_fields import predict
from mien.landmarks_in_fields.types import Landmarks3D
from tests.fields.scenes import egg_scene, write_scene

PLACE = np.array([[2.0, 0, 0, 0.1], [0, 2.0, 0, 0.2], [0, 0, 2.0, 0.3]])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the landmarker, a stand-in that finds nobody, was asked with."""
    told: dict[str, Any] = {}

    def call(self: object, field: object, **given: object) -> Landmarks3D:
        told.update(given)
        return Landmarks3D.none_found(0.1)

    monkeypatch.setattr(predict.FieldLandmarker, "__call__", call)
    return told


def field_of(folder: Path, capture: CaptureFacts | None) -> Path:
    config = FieldConfig(resolutions=(8,), upsample_at=())
    field = RadianceField(config, np.array([[-0.1] * 3, [0.1] * 3]))
    field.facts = FieldFacts(capture=capture)
    path = folder / "anna.field"
    save_field(field, path)
    return path


def test_a_capture_says_where_to_look_first(tmp_path: Path, asked: dict[str, Any]):
    path = field_of(tmp_path, CaptureFacts(tuple(PLACE.ravel().tolist())))
    assert main(["field", "landmarks", str(path), "--out", str(tmp_path / "out")]) == 1
    np.testing.assert_allclose(asked["near"], PLACE)
    assert asked["images"] is None


def test_photographs_come_in_the_unit_that_the_capture_was_found_to_have(
    tmp_path: Path, asked: dict[str, Any]
):
    scene = write_scene(tmp_path / "scene", egg_scene(4, 16))
    path = field_of(tmp_path, CaptureFacts(metres_per_unit=0.5))
    command = ["field", "landmarks", str(path), "--photographs", str(scene), "--out", str(tmp_path / "out")]
    assert main(command) == 1
    assert asked["near"] is None
    images = asked["images"]
    assert len(images) == 4
    assert images.metres_per_unit == 0.5
    assert main([*command, "--metres-per-unit", "0.1"]) == 1
    assert asked["images"].metres_per_unit == pytest.approx(0.05)


def test_photographs_are_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = field_of(tmp_path, None)
    assert main(["field", "landmarks", str(path), "--photographs", str(tmp_path), "--no-pictures"]) == 2
    assert "--no-pictures" in capsys.readouterr().err


def test_a_fit_of_pictures_takes_no_photographs_of_a_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["fit", str(tmp_path / "a.jpg"), "--photographs", str(tmp_path)]) == 2
    assert "--field" in capsys.readouterr().err


def test_a_fit_to_a_field_hears_its_photographs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from mien.errors import FitError
    from mien.landmarks_in_fields import head_in_field

    told: dict[str, Any] = {}

    def fit(field: object, **given: object) -> None:
        told.update(given)
        raise FitError("no face")

    monkeypatch.setattr(head_in_field, "fit_field", fit)
    scene = write_scene(tmp_path / "scene", egg_scene(4, 16))
    path = field_of(tmp_path, CaptureFacts(tuple(PLACE.ravel().tolist()), metres_per_unit=2.0))
    command = ["fit", "--field", str(path), "--photographs", str(scene), "--out", str(tmp_path / "out")]
    assert main([*command, "--metres-per-unit", "0.5"]) == 1
    np.testing.assert_allclose(told["near"], PLACE)
    assert told["images"].metres_per_unit == 1.0
