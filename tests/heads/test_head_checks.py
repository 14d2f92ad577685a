"""Heads out of files are refused for numbers, indices and sizes that cannot be, whichever format they had."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien.errors import InputError
from mien.heads.head_checks import check_basis_size, checked_head
from mien.heads.library import load_head, save_head
from mien.heads.model import LandmarkSet
from tests.toy_head import toy_head


def changed(array: np.ndarray, place: tuple[int, ...], value: float) -> np.ndarray:
    copy = np.array(array)
    copy[place] = value
    return copy


HEAD = toy_head()
SETS = {"x": LandmarkSet("x", np.array([0, HEAD.vertex_count]), np.array([1, 0]))}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mean_m": changed(HEAD.mean_m, (3, 1), np.nan)}, "vertices reach nan"),
        ({"mean_m": 100 * HEAD.mean_m}, "its unit"),
        ({"mean_m": 0.001 * HEAD.mean_m}, "its unit"),
        ({"identity_basis_m": changed(HEAD.identity_basis_m, (0, 0, 0), np.inf)}, "shapes reach inf"),
        ({"expression_basis_m": changed(HEAD.expression_basis_m, (0, 0, 0), 1e9)}, "shapes reach"),
        ({"triangles": changed(HEAD.triangles, (0, 0), -1)}, "triangles refer"),
        ({"triangles": changed(HEAD.triangles, (0, 0), HEAD.vertex_count)}, "triangles refer"),
        ({"mirror_vertices": changed(HEAD.mirror_vertices, (0,), -1)}, "mirrored vertices refer"),
        ({"vertex_parts": changed(HEAD.vertex_parts, (0,), 99)}, "parts refer"),
        ({"skinning_weights": changed(HEAD.skinning_weights, (0, 0), 1.9)}, "skinning weights"),
        ({"skinning_weights": changed(HEAD.skinning_weights, (0, 0), np.nan)}, "skinning weights reach nan"),
        ({"expression_names": (HEAD.expression_names[1], *HEAD.expression_names[1:])}, "twice"),
        ({"landmark_sets": SETS}, "landmark set 'x'"),
        ({"identity_mixture": (np.ones(1), np.full((1, HEAD.identity_count), np.nan),
                               np.eye(HEAD.identity_count)[None])}, "mixture"),
    ],
)  # fmt: skip
def test_what_is_no_head(change: dict[str, Any], words: str):
    with pytest.raises(InputError, match=words):
        checked_head(replace(HEAD, **change), source="file")


def test_a_good_head_passes():
    assert checked_head(HEAD, source="file") is HEAD


def test_shapes_that_do_not_fit_into_memory_are_refused_before_they_are_made():
    with pytest.raises(InputError, match="more than mien reads"):
        check_basis_size(1000, 1_000_000, source="file")


def stored(tmp_path: Path) -> dict[str, np.ndarray]:
    save_head(HEAD, tmp_path / "good.npz")
    return dict(np.load(tmp_path / "good.npz"))


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("skinning_weights", lambda a: a[:3, :0]),
        ("set_toy_vertices", lambda a: np.append(a[:-1], 2**62)),
        ("set_toy_mirror", lambda a: a[:-1]),
        ("expression_shape", lambda a: np.append(a[:-1], 999).astype(np.int16)),
        ("expression_vertex", lambda a: -1 - a),
        ("expression_delta_mm", lambda a: a.astype("S8")),
        ("identity_basis_mm", lambda a: a.swapaxes(0, 1)),
        ("part_names", lambda a: np.arange(3)),
        ("name", lambda a: np.array(3)),
        ("uv", lambda a: a.astype(complex)),
        ("joints_mean_m", lambda a: changed(a, (0, 0), np.nan)),
        ("format_version", lambda a: np.array(1.5)),
        ("format_version", lambda a: np.array([2])),
    ],
)
def test_damaged_files(tmp_path: Path, name: str, make):
    arrays = stored(tmp_path)
    arrays[name] = make(arrays[name])
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(InputError, match=r"bad\.npz"):
        load_head(tmp_path / "bad.npz")
