"""Head files: round trip, wrong files, the built-in one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.heads import library
from mien.heads.arkit_names import ARKIT_NAMES
from mien.heads.library import load_head, read_head_metadata, save_head
from tests.toy_head import toy_head


def test_saved_head_comes_back(tmp_path: Path):
    head = toy_head()
    save_head(head, tmp_path / "toy.npz", head_metadata='{"figures": {"error_mm": 1.5}}')
    back = load_head(tmp_path / "toy.npz")
    assert (back.name, back.version) == (head.name, head.version)
    assert back.expression_names == head.expression_names
    assert back.part_names == head.part_names
    assert back.identity_mixture is None
    # the file holds float32 places and float16 millimetres of shapes; movements below 0.02 mm are left out
    np.testing.assert_allclose(back.mean_m, head.mean_m, atol=1e-8)
    np.testing.assert_allclose(back.identity_basis_m, head.identity_basis_m, atol=1e-5)
    np.testing.assert_allclose(back.expression_basis_m, head.expression_basis_m, atol=2.5e-5)
    np.testing.assert_allclose(back.skinning_weights, head.skinning_weights, atol=1e-7)
    np.testing.assert_array_equal(back.joints_identity_m, head.joints_identity_m)
    np.testing.assert_array_equal(back.triangles, head.triangles)
    np.testing.assert_array_equal(back.mirror_vertices, head.mirror_vertices)
    for name, landmark_set in head.landmark_sets.items():
        np.testing.assert_array_equal(back.landmark_set(name).vertices, landmark_set.vertices)
        np.testing.assert_array_equal(back.landmark_set(name).mirror, landmark_set.mirror)
    assert read_head_metadata(tmp_path / "toy.npz") == {"figures": {"error_mm": 1.5}}


def test_saving_again_changes_nothing(tmp_path: Path):
    save_head(toy_head(), tmp_path / "a.npz")
    once = load_head(tmp_path / "a.npz")
    save_head(once, tmp_path / "b.npz")
    twice = load_head(tmp_path / "b.npz")
    np.testing.assert_array_equal(once.mean_m, twice.mean_m)
    np.testing.assert_array_equal(once.identity_basis_m, twice.identity_basis_m)
    np.testing.assert_array_equal(once.expression_basis_m, twice.expression_basis_m)


def test_missing_file_is_named(tmp_path: Path):
    with pytest.raises(InputError, match="no such head file"):
        load_head(tmp_path / "nowhere.npz")
    with pytest.raises(InputError, match="no such head file"):
        read_head_metadata(tmp_path / "nowhere.npz")


def _one_array(path: Path) -> None:
    with path.open("wb") as stream:
        np.save(stream, np.zeros(3))


def _truncated(path: Path) -> None:
    whole = path.with_name("whole.npz")
    save_head(toy_head(), whole)
    path.write_bytes(whole.read_bytes()[:2000])


def _without_faces(path: Path) -> None:
    save_head(toy_head(), path)
    arrays = dict(np.load(path))
    del arrays["triangles"]
    np.savez(path, **arrays)


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_text("not a head"),
        lambda path: path.write_bytes(b""),
        _one_array,
        lambda path: np.savez(path, something=np.zeros(3)),
        _truncated,
        _without_faces,
    ],
    ids=["text", "empty", "one array", "other npz", "truncated", "incomplete"],
)
def test_other_files_are_refused(tmp_path: Path, write):
    path = tmp_path / "head.npz"
    write(path)
    with pytest.raises(InputError, match="mien head build"):
        load_head(path)


def test_other_format_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(library, "FORMAT_VERSION", 99)
    save_head(toy_head(), tmp_path / "new.npz")
    monkeypatch.undo()
    with pytest.raises(InputError, match="head format 99, this mien reads up to"):
        load_head(tmp_path / "new.npz")


def test_built_in_head_is_read_once_and_small():
    head = load_head()
    assert load_head() is head
    assert (Path(library.__file__).parent / "data" / "head.npz").stat().st_size < 15e6
    assert 7_000 < len(np.unique(head.quads)) < 14_000
    assert 100 <= head.identity_count <= 160
    assert head.expression_names == tuple(sorted(head.expression_names, key=ARKIT_NAMES.index))
    assert set(head.expression_names) == set(ARKIT_NAMES)


def test_built_in_head_says_how_good_it_is():
    figures = read_head_metadata()["figures"]
    assert figures["vertices"] == load_head().vertex_count
    for source in ("ict", "makehuman"):
        assert figures[f"{source}_mean_error_mm"] < 1.0
        assert figures[f"{source}_mean_error_mm"] < 0.2 * figures[f"{source}_mean_head_error_mm"]


def test_nobody_can_change_the_head_that_everybody_shares(tmp_path: Path):
    head = load_head()
    shared = [head.mean_m, head.identity_basis_m, head.landmark_set("ibug68").vertices]
    for array in [*shared, head._flat_mean]:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    save_head(toy_head(), tmp_path / "toy.npz")
    load_head(tmp_path / "toy.npz").mean_m[0] = 0  # a head of one's own is one's own
