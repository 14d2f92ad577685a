"""Fits come back from .npz and .json exactly, tracks nearly so; bad files get a typed error."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from mien.errors import InputError
from mien.exporters.files import export
from mien.exporters.saved import read_fit, read_track
from mien.fitting.results import TRACK_ROWS
from mien.tracking.track_file import SavedTrack, open_track


def _assert_same(a, b):
    if dataclasses.is_dataclass(a):
        assert type(a) is type(b)
        for field in dataclasses.fields(a):
            _assert_same(getattr(a, field.name), getattr(b, field.name))
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)  # NaN equals NaN here
    else:
        assert a == b


@pytest.mark.parametrize("suffix", [".npz", ".json"])
def test_fit_round_trip_is_exact(fit, head, tmp_path, suffix):
    _assert_same(read_fit(export(fit, tmp_path / f"face{suffix}", head=head)), fit)


@pytest.mark.parametrize("suffix", [".npz", ".json"])
def test_what_was_known_beforehand_is_kept(fit, head, tmp_path, suffix):
    known = dataclasses.replace(fit, focal="near", identity_known=True)
    _assert_same(read_fit(export(known, tmp_path / f"face{suffix}", head=head)), known)


def test_files_that_do_not_say_what_was_known(fit, head, tmp_path):
    path = export(dataclasses.replace(fit, focal="fixed"), tmp_path / "face.json", head=head)
    document = json.loads(path.read_text())
    del document["focal"], document["identity_known"]
    path.write_text(json.dumps(document))
    read = read_fit(path)
    assert (read.focal, read.identity_known) == ("free", False)


def test_a_track_comes_back(track, head, tmp_path):
    """Motion to seven digits, landmarks to the rounding of `track_file`; in JSON the motion, rounded."""
    whole = read_track(export(track, tmp_path / "clip.npz", head=head))
    plain = read_track(export(track, tmp_path / "clip.json", head=head))
    seen = track.tracked
    for name in ("expression", "joint_rotations", "root_rotation", "root_translation_m", "times_s"):
        np.testing.assert_allclose(getattr(whole, name), getattr(track, name), rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(getattr(plain, name)[seen], getattr(track, name)[seen], atol=6e-5)
    np.testing.assert_array_equal(plain.expression[3], plain.expression[2])  # a lost frame holds
    np.testing.assert_allclose(whole.points_px, track.points_px, atol=track.camera.width_px / 32768)
    np.testing.assert_allclose(whole.sigma_px, track.sigma_px, rtol=0.01)
    for found in (whole, plain):
        np.testing.assert_array_equal(found.tracked, track.tracked)
        np.testing.assert_array_equal(found.identity, track.identity)
        _assert_same(found.camera, track.camera)
        for name in ("set_name", "head_name", "head_version", "frames_per_second", "first_frame"):
            assert getattr(found, name) == getattr(track, name)


@pytest.mark.parametrize("suffix", [".npz", ".json"])
def test_tracks_of_format_1_are_read(track, head, tmp_path, suffix):
    """They held every array as it was, a row for every frame of the video."""
    common = {
        "format_version": 1, "mien_version": "0.2.0", "kind": "track", "head_name": "toy",
        "head_version": "1",
        "units": "", "expression_names": list(head.expression_names), "set_name": "toy4",
        "width_px": track.camera.width_px, "height_px": track.camera.height_px, "frames_per_second": 25.0,
    }  # fmt: skip
    arrays = {name: getattr(track, name) for name in (*TRACK_ROWS, "identity")}
    arrays["camera_intrinsics"] = track.camera.intrinsics
    arrays["camera_from_world"] = track.camera.camera_from_world
    path = tmp_path / f"old{suffix}"
    if suffix == ".npz":
        np.savez_compressed(path, document=json.dumps(common), **arrays)
    else:
        lists = {name: value.tolist() for name, value in arrays.items()}
        path.write_text(json.dumps(common | lists).replace("NaN", "null"))
    _assert_same(read_track(path), track)


@pytest.mark.parametrize("suffix", [".glb", ".csv", ".json", ".npz"])
def test_a_track_in_a_file_is_exported_as_one_in_memory(track, head, tmp_path, suffix):
    """In whatever parts it is read: lost frames hold what came before, quaternions keep their sign."""
    saved = open_track(export(track, tmp_path / "clip.npz", head=head))
    whole = export(saved.load(), tmp_path / f"whole{suffix}", head=head).read_bytes()
    assert export(saved, tmp_path / f"saved{suffix}", head=head).read_bytes() == whole or suffix == ".npz"

    class InBits(SavedTrack):
        def parts(self, rows: int = 1):
            return super().parts(1)

    bits = InBits(**{field.name: getattr(saved, field.name) for field in dataclasses.fields(saved)})
    assert export(bits, tmp_path / f"bits{suffix}", head=head).read_bytes() == whole or suffix == ".npz"


@pytest.mark.parametrize(
    "change", [{"frames": []}, {"identity": None}, {"frames_per_second": "x"}, {"first_frame": []}]
)
def test_damaged_json_tracks_say_so(track, head, tmp_path, change):
    path = export(track, tmp_path / "clip.json", head=head)
    document = json.loads(path.read_text()) | change
    path.write_text(json.dumps(document, indent=1))
    with pytest.raises(InputError, match="damaged"):
        read_track(path)


def test_json_is_strict_and_names_the_expression(fit, track, head, tmp_path):
    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    text = export(fit, tmp_path / "face.json", head=head).read_text()
    document = json.loads(text, parse_constant=refuse)
    assert document["expression"]["jawOpen"] == fit.parameters.expression[0]
    assert document["format_version"] == 1
    assert document["head_name"] == "toy"
    assert document["mien_version"]
    lost = json.loads(export(track, tmp_path / "clip.json", head=head).read_text(), parse_constant=refuse)
    assert lost["frames"][0] == {"time_s": 2.0, "tracked": False}
    assert len(lost["frames"]) == len(track)


def test_expression_is_read_by_name(fit, head, tmp_path):
    path = export(fit, tmp_path / "face.json", head=head)
    document = json.loads(path.read_text())
    document["expression"] = dict(reversed(document["expression"].items()))
    path.write_text(json.dumps(document))
    np.testing.assert_array_equal(read_fit(path).parameters.expression, fit.parameters.expression)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff\xfe\x00"])
@pytest.mark.parametrize("suffix", [".npz", ".json"])
def test_other_files_are_refused(tmp_path, content, suffix):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputError, match="saved by mien"):
        read_fit(path)


def test_wrong_kind_newer_format_and_missing_file_say_so(fit, head, tmp_path):
    path = export(fit, tmp_path / "face.json", head=head)
    with pytest.raises(InputError, match="read_fit"):
        read_track(path)
    path.write_text(path.read_text().replace('"format_version": 1', '"format_version": 99'))
    with pytest.raises(InputError, match="update mien"):
        read_fit(path)
    with pytest.raises(InputError, match="no such file"):
        read_fit(tmp_path / "missing.npz")
