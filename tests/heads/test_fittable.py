"""Other people's heads made ready for fitting, and given back as they were."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.heads.correspondence import with_landmark_sets
from mien.heads.fittable import fittable_head, without_landmark_points
from mien.heads.formats.plain import plain_head
from mien.heads.landmark_sets import landmark_groups
from mien.heads.library import load_head, save_head
from tests.heads.formats.files import write_flame_pickle
from tests.heads.formats.near_flame import SCALE, SHIFT_M, near_flame
from tests.toy_head import toy_head


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("flame") / "flame2023.pkl"
    write_flame_pickle(path, near_flame().arrays)
    return path


def test_heads_with_sets_are_taken_as_they_are():
    toy = toy_head()
    assert fittable_head() is load_head()
    assert fittable_head(toy) is toy
    assert without_landmark_points(toy) is toy


def test_a_file_gets_the_built_in_sets_where_they_belong(file: Path):
    head, built_in = fittable_head(file), load_head()
    assert (head.name, head.version) == ("flame", "flame2023")
    for name in ("dense320", "ibug68"):
        found_m = head.mean_m[head.landmark_set(name).vertices]
        expected_m = SCALE * built_in.mean_m[built_in.landmark_set(name).vertices] + SHIFT_M
        assert np.median(np.linalg.norm(found_m - expected_m, axis=1)) < 5e-4


def test_a_loaded_head_does_too_and_neither_is_made_twice(file: Path):
    loaded = load_head(file)
    assert not loaded.landmark_sets
    assert fittable_head(loaded) is fittable_head(loaded)
    assert fittable_head(file) is fittable_head(str(file))


def test_a_file_that_changed_is_read_again(file: Path, tmp_path: Path):
    path = tmp_path / "flame.npz"
    np.savez(path, **near_flame().arrays)
    before = fittable_head(path)
    np.savez(path, **{**near_flame().arrays, "v_template": 1.01 * near_flame().arrays["v_template"]})
    os.utime(path, ns=(1, 1))
    after = fittable_head(path)
    np.testing.assert_allclose(
        without_landmark_points(after).mean_m, 1.01 * without_landmark_points(before).mean_m
    )


def test_a_converted_head_is_fitted_as_it_is_and_gives_its_own_vertices(file: Path, tmp_path: Path):
    plain = load_head(file)
    save_head(with_landmark_sets(plain, load_head()).head, tmp_path / "converted.npz")
    head = fittable_head(tmp_path / "converted.npz")
    assert head.vertex_count > plain.vertex_count
    bare = without_landmark_points(head)
    np.testing.assert_allclose(bare.mean_m, plain.mean_m, atol=1e-7)
    np.testing.assert_array_equal(bare.triangles, plain.triangles)
    assert bare.part_names == plain.part_names
    parameters = replace(plain.neutral(), identity=np.linspace(-1, 1, plain.identity_count))
    np.testing.assert_allclose(bare.vertices_m(parameters), plain.vertices_m(parameters), atol=1e-4)


def test_a_face_without_a_head_around_it(tmp_path: Path):
    """As BFM's face-only model: no ears, no back, no eyes, no joints."""
    arrays, built_in = near_flame().arrays, load_head()
    parts = np.array(built_in.part_names)[built_in.vertex_parts[near_flame().kept]]
    vertices_m = arrays["v_template"]
    nose_m = vertices_m[np.argmax(vertices_m[:, 2])]
    around = (np.linalg.norm(vertices_m - nose_m, axis=1) < 0.115) & (vertices_m[:, 2] > nose_m[2] - 0.09)
    triangles = arrays["f"].astype(int)
    triangles = triangles[(around & (parts == "skin"))[triangles].all(axis=1)]
    kept, triangles = np.unique(triangles, return_inverse=True)
    face = plain_head(
        "face",
        "1",
        mean_m=vertices_m[kept],
        triangles=triangles.reshape(-1, 3),
        identity_basis_m=arrays["shapedirs"][kept].transpose(2, 0, 1)[:20],
        expression_basis_m=np.zeros((0, len(kept), 3)),
        expression_names=(),
    )
    head = fittable_head(face)
    missing = head.landmark_set("dense703").missing
    groups = landmark_groups("dense703")
    for name in ("ears", "iris", "teeth"):
        assert np.isin(groups[name], missing).all(), name
    for name in ("lids", "mouth", "nose", "left_brow", "right_brow"):
        assert not np.isin(groups[name], missing).any(), name
    seen = np.setdiff1d(groups["face"], missing)
    wanted_m = SCALE * built_in.mean_m[built_in.landmark_set("dense703").vertices] + SHIFT_M
    found_m = head.mean_m[head.landmark_set("dense703").vertices]
    assert np.percentile(np.linalg.norm((found_m - wanted_m)[seen], axis=1), 90) < 0.002
    assert without_landmark_points(head) is face


def test_parts_that_the_other_head_lacks_are_missing_from_its_sets(file: Path, tmp_path: Path):
    built_in = load_head()
    parts = np.array(built_in.part_names)[built_in.vertex_parts]

    def missing_parts(head) -> set[str]:
        """Parts most of whose points are missing; a few points of others lie off the other mesh."""
        of_points = parts[built_in.landmark_set("dense703").vertices]
        lost = np.isin(np.arange(len(of_points)), head.landmark_set("dense703").missing)
        return {name for name in set(of_points) if lost[of_points == name].mean() > 0.5}

    assert missing_parts(built_in) == set()
    head = fittable_head(file)
    assert missing_parts(head) == {"upper_teeth", "lower_teeth"}
    save_head(head, tmp_path / "converted.npz")
    back = load_head(tmp_path / "converted.npz")
    for name in head.landmark_sets:
        np.testing.assert_array_equal(back.landmark_set(name).missing, head.landmark_set(name).missing)
    # Eyes that no joint turns are as good as none.
    still = replace(load_head(file), skinning_weights=np.zeros((load_head(file).vertex_count, 4)))
    assert missing_parts(fittable_head(still)) >= {"left_eye", "right_eye"}
