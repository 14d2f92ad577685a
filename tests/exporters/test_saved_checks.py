"""Saved fits and tracks are refused for whatever a fit or a track cannot hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.errors import InputError
from mien.exporters.files import export
from mien.exporters.saved import read_fit, read_track
from mien.fitting.results import TRACK_ROWS


def put(name: str, value: Any) -> Callable[[dict], None]:
    return lambda document: document.update({name: value})


def without(name: str) -> Callable[[dict], None]:
    return lambda document: document.pop(name)


def at(name: str, *places: int | str, value: Any) -> Callable[[dict], None]:
    def change(document: dict) -> None:
        inner = document[name]
        for place in places[:-1]:
            inner = inner[place]
        inner[places[-1]] = value

    return change


FIT = [
    without("head_name"),
    without("identity"),
    without("width_px"),
    without("expression"),
    put("head_name", None),
    put("head_name", 3),
    put("expression", None),
    put("expression", [1]),
    put("expression_names", "abc"),
    put("expression_names", ["jawOpen"]),
    put("width_px", [640]),
    put("width_px", 0),
    put("width_px", 10**9),
    put("width_px", 640.5),
    put("status", "GREAT"),
    put("score", 7),
    put("score", None),
    put("iterations", -1),
    put("identity", [1e30]),
    put("identity", [[1.0]]),
    put("identity", "x"),
    put("cost_history", "9" * 99),
    put("cost_history", [None]),
    put("focal", "wide"),
    put("identity_known", 1),
    put("root_rotation", [0, 0]),
    put("root_rotation", [0, 0, None]),
    put("joint_rotations", [[0, 0, 0]]),
    put("root_translation_m", [0, 0, "Infinity"]),
    put("points_px", -1),
    put("points_px", [[1, 2]]),
    put("sigma_px", []),
    put("residuals_px", [[1, 2, 3]]),
    put("kind", "head"),
    put("format_version", "1"),
    put("format_version", 0),
    put("format_version", True),
    at("camera_intrinsics", 0, 0, value=0),
    at("camera_intrinsics", 0, 0, value=-900),
    at("camera_intrinsics", 2, 2, value=2),
    at("camera_from_world", 0, 3, value=None),
    at("camera_from_world", 0, 0, value=3.0),
    at("camera_from_world", 3, 0, value=1.0),
    lambda document: document["camera_from_world"].pop(),
    at("points_px", 0, 0, value=None),
    at("sigma_px", 0, value=None),
    at("sigma_px", 0, value=-1),
    at("residuals_px", 0, value=[None, None]),
    at("expression", "jawOpen", value=None),
    at("expression", "jawOpen", value="x"),
]


@pytest.mark.parametrize("change", FIT)
def test_fits(fit, head, tmp_path: Path, change):
    path = export(fit, tmp_path / "face.json", head=head)
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=r"face\.json"):
        read_fit(path)


TRACK = [
    without("tracked"),
    without("times_s"),
    put("tracked", []),
    put("tracked", [1, 0, 1]),
    put("times_s", [0.0]),
    put("frames_per_second", 0),
    put("frames_per_second", None),
    at("expression", 0, value=[1]),
    at("points_px", 1, value=-1),
    at("points_px", 1, 0, value=[None, None]),
    at("identity", 0, value=None),
    at("root_rotation", 0, 0, value=None),
    at("times_s", 1, value=None),
    put("set_name", None),
]


@pytest.mark.parametrize("change", TRACK)
def test_tracks_of_format_1(track, head, tmp_path: Path, change):
    path = export(track, tmp_path / "clip.json", head=head)
    document = json.loads(path.read_text())
    del document["frames"]
    document["format_version"] = 1
    rows = {name: getattr(track, name) for name in TRACK_ROWS}
    document |= {
        name: json.loads(json.dumps(value.tolist()).replace("NaN", "null")) for name, value in rows.items()
    }
    path.write_text(json.dumps(document))
    assert read_track(path).tracked[1]
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=r"clip\.json"):
        read_track(path)


def in_frame(name: str, value: Any) -> Callable[[dict], None]:
    return lambda document: document["frames"][1].update({name: value})


TRACK_FRAMES = [
    put("frames", []),
    put("frames", None),
    put("frames", [1, 2]),
    without("identity"),
    without("first_frame"),
    put("first_frame", -1),
    put("frames_per_second", 0),
    put("set_name", None),
    put("width_px", 10**9),
    put("expression_names", ["jawOpen"]),
    put("format_version", 3),
    at("identity", 0, value=None),
    at("camera_intrinsics", 0, 0, value=0),
    in_frame("tracked", 1),
    in_frame("tracked", None),
    in_frame("time_s", None),
    in_frame("time_s", "x"),
    in_frame("expression", None),
    in_frame("expression", [1]),
    in_frame("root_rotation", [0, 0, None]),
    in_frame("root_translation_m", [0, 0, 1e30]),
    in_frame("joint_rotations", [[0, 0, 0]]),
]


@pytest.mark.parametrize("change", TRACK_FRAMES)
def test_tracks(track, head, tmp_path: Path, change):
    path = export(track, tmp_path / "clip.json", head=head)
    document = json.loads(path.read_text())
    assert document["frames"][1]["tracked"]
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=r"clip\.json"):
        read_track(path)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("points_px", lambda a: a[:3, :0]),
        ("identity", lambda a: a.astype("S4")),
        ("expression", lambda a: a[:-1]),
        ("sigma_px", lambda a: np.array("text")),
        ("camera_intrinsics", lambda a: np.zeros((3, 0))),
        ("document", lambda a: np.array("{")),
        ("document", lambda a: np.array("[" * 100_000)),
        ("document", lambda a: np.array(3)),
    ],
)
def test_archives(fit, head, tmp_path: Path, name: str, make):
    path = export(fit, tmp_path / "face.npz", head=head)
    arrays = dict(np.load(path))
    arrays[name] = make(arrays[name])
    np.savez(path, **arrays)
    with pytest.raises(InputError, match=r"face\.npz"):
        read_fit(path)


def test_a_hidden_landmark_and_one_of_unknown_place_are_read(fit, head, tmp_path: Path):
    path = export(fit, tmp_path / "face.json", head=head)
    document = json.loads(path.read_text())
    document["sigma_px"][0] = "Infinity"
    document["sigma_px"][1] = None
    document["points_px"][1] = document["residuals_px"][1] = [None, None]
    path.write_text(json.dumps(document))
    read = read_fit(path)
    assert np.isinf(read.landmarks.sigma_px[0])
    assert np.isnan(read.landmarks.points_px[1]).all()
