"""Fits and tracks come back from .npz and .json exactly; bad files get a typed error."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from mien.errors import InputError
from mien.exporters.files import export
from mien.exporters.saved import read_fit, read_track


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


@pytest.mark.parametrize("suffix", [".npz", ".json"])
def test_track_round_trip_is_exact(track, head, tmp_path, suffix):
    _assert_same(read_track(export(track, tmp_path / f"clip{suffix}", head=head)), track)


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
    assert lost["points_px"][0][0] == [None, None]


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
