"""Pictures of people with expressions, as files."""

from __future__ import annotations

import numpy as np
import pytest

import mien
from mien.heads.library import load_head
from mien.synthetic.expressive_people.capture import with_teeth
from mien.synthetic.expressive_people.pictures import (
    LEARNED,
    UNSEEN_PERSON,
    at_size,
    read_people,
    reduced,
    save_people,
)
from tests.training.morphable_fields.few_people import few_people


def test_pictures_come_back(tmp_path):
    people = few_people()
    again = read_people(save_people(people, tmp_path / "people.npz"))
    assert len(again) == len(people)
    np.testing.assert_array_equal(again.textures, people.textures)
    np.testing.assert_array_equal(again.camera_from_world, people.camera_from_world)
    for first, second in zip(again.rgba, people.rgba, strict=True):
        np.testing.assert_array_equal(first, second)
    assert set(again.of_kind(LEARNED)) & set(again.of_kind(UNSEEN_PERSON)) == set()


def test_a_damaged_file_is_told(tmp_path):
    path = save_people(few_people(), tmp_path / "people.npz")
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(mien.InputError):
        read_people(path)
    with pytest.raises(mien.InputError, match="mien synth people"):
        read_people(tmp_path / "none.npz")


def test_reduced_pictures_are_means_weighted_by_alpha():
    rgba = np.zeros((4, 4, 4), np.uint8)
    rgba[0, 0] = [200, 100, 50, 255]
    small = reduced(rgba, 2)
    assert small[0, 0].tolist() == [200, 100, 50, 64]
    assert small[1, 1, 3] == 0


def test_cameras_follow_a_smaller_size():
    people = few_people()
    small = at_size(people, 24)
    point = np.array([[0.02, 0.03, 0.08]])
    index = int(people.of_kind(UNSEEN_PERSON)[0])
    large_px, small_px = people.camera(index).project(point), small.camera(index).project(point)
    np.testing.assert_allclose((large_px + 0.5) / 2, small_px + 0.5)
    assert len(small.rgba[index]) == 24


def test_teeth_alone_are_made_darker():
    head = load_head()
    texture = np.full((128, 128, 3), 200, np.uint8)
    darker = with_teeth(texture, head, 0.5)
    changed = (darker != texture).any(axis=2)
    assert np.array_equal(darker[changed], np.full((changed.sum(), 3), 100))
    corners = head.uv[head.uv_triangles].mean(axis=1)
    rows, columns = ((1 - corners[:, 1]) * 128).astype(int), (corners[:, 0] * 128).astype(int)
    parts = np.array(head.part_names)[head.vertex_parts[head.triangles[:, 0]]]
    teeth = np.char.endswith(parts, "teeth")
    assert changed[rows[teeth], columns[teeth]].mean() > 0.95
    assert changed[rows[parts == "skin"], columns[parts == "skin"]].mean() < 0.01
