"""People with known shapes: saved exactly, photographed exactly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.heads.library import load_head
from mien.synthetic.held_out_people.crowd import Crowd, Photographer, load_crowd, save_crowd


def test_saved_and_read_again(crowd: Crowd, tmp_path: Path):
    save_crowd(crowd, tmp_path / "people.npz")
    again = load_crowd(tmp_path / "people.npz")
    assert again.groups == crowd.groups
    assert again.seed == 3
    assert again.size_px == 512
    np.testing.assert_allclose(again.displacements_m, crowd.displacements_m, atol=1e-6)
    np.testing.assert_array_equal(again.root_rotation, crowd.root_rotation)


def test_what_is_no_crowd_is_told(tmp_path: Path):
    with pytest.raises(InputError, match="--assets"):
        load_crowd(tmp_path / "missing.npz")
    np.savez(tmp_path / "other.npz", format_version=np.array(99))
    with pytest.raises(InputError, match="version"):
        load_crowd(tmp_path / "other.npz")
    (tmp_path / "broken.npz").write_bytes(b"PK nothing")
    with pytest.raises(InputError, match="no people"):
        load_crowd(tmp_path / "broken.npz")


def test_people_have_their_shape_as_a_head(photographer: Photographer):
    crowd, head = photographer.crowd, photographer.head
    for person in range(2):
        parameters = replace(
            crowd.parameters(person, 0), root_rotation=np.zeros(3), root_translation_m=np.zeros(3)
        )
        vertices_m = photographer.people.vertices_m(parameters)
        np.testing.assert_allclose(vertices_m, head.mean_m + crowd.displacements_m[person], atol=1e-12)


def test_landmarks_are_the_projected_vertices(photographer: Photographer):
    sparse = photographer.landmarks(1, 2, "ict68")
    dense = photographer.landmarks(1, 2, "dense703")
    np.testing.assert_allclose(dense.to("ict68").points_px, sparse.points_px)
    assert sparse.points_px.min() > 0
    assert sparse.points_px.max() < 511


def test_the_first_people_only(crowd: Crowd):
    one = crowd.first(1)
    assert len(one) == 1
    assert one.groups == ("near",)
    assert one.shot_count == crowd.shot_count
    assert crowd.first(None) is crowd


def test_people_of_another_mesh_are_refused(crowd: Crowd):
    with pytest.raises(InputError, match="draw them anew"):
        Photographer(replace(crowd, head_version="0.0"), load_head())
    with pytest.raises(InputError, match="draw them anew"):
        Photographer(replace(crowd, head_name="another"), load_head())
    own = load_head().version.partition(".")[0]
    Photographer(replace(crowd, head_version=f"{own}.9"), load_head())  # the same mesh, other landmark sets
