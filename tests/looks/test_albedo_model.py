"""The shipped albedo model, and the model on other heads."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from mien.errors import InputError
from mien.looks.albedo_model import albedo_model_for, read_albedo_model, save_albedo_model
from mien.looks.face_regions import face_regions


def test_the_shipped_model_is_of_the_shipped_head(head):
    model = albedo_model_for(head)
    assert model.pattern_picture is not None
    assert model.scalp.shape == (head.vertex_count,)


def test_lips_are_redder_than_skin_and_hair_grows_on_top(head):
    model, regions = albedo_model_for(head), face_regions(head)
    red_over_green = model.pattern[:, 0] - model.pattern[:, 1]
    lips, cheeks = regions.lips > 0.9, (regions.face > 0.9) & (regions.lips < 0.1)
    assert red_over_green[lips].mean() > red_over_green[cheeks].mean() + 0.1
    assert model.scalp[np.argmax(head.mean_m[:, 1])] > 0.8
    below_hair = [*range(1, 16), *range(17, 68)]  # the contour begins beside the temples' hair
    assert model.scalp[head.landmark_set("ibug68").vertices[below_hair]].max() < 0.2


def test_pattern_and_scalp_are_symmetric(head):
    model = albedo_model_for(head)
    used = head.vertex_parts == 0
    assert np.abs(model.pattern - model.pattern[head.mirror_vertices])[used].max() < 0.01


def test_a_model_is_carried_to_a_head_of_other_vertices(head):
    order = np.random.default_rng(0).permutation(head.vertex_count)
    place = np.argsort(order)
    other = replace(
        head,
        name="other",
        mean_m=1.05 * head.mean_m[order],
        triangles=place[head.triangles],
        skinning_weights=head.skinning_weights[order],
        vertex_parts=head.vertex_parts[order],
        mirror_vertices=place[head.mirror_vertices[order]],
        landmark_sets={
            name: replace(each, vertices=place[each.vertices]) for name, each in head.landmark_sets.items()
        },
    )
    model, carried = albedo_model_for(head), albedo_model_for(other)
    assert carried.pattern_picture is None
    skin = face_regions(head).skin > 0
    error = np.abs(carried.pattern[place] - model.pattern)[skin]
    assert np.median(error) < 0.01


def test_a_model_survives_its_file(head, tmp_path):
    model = albedo_model_for(head)
    save_albedo_model(model, tmp_path / "albedo.npz")
    assert json.loads((tmp_path / "albedo.card.json").read_text())["head_name"] == head.name
    again = read_albedo_model(tmp_path / "albedo.npz")
    np.testing.assert_allclose(again.modes, model.modes, atol=2e-3)
    assert np.abs(again.pattern_picture.astype(int) - model.pattern_picture).mean() < 3


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "albedo.npz"
    with pytest.raises(InputError, match="mien head looks"):
        read_albedo_model(path)
    np.savez(path, format_version=np.array(99))
    with pytest.raises(InputError, match="format 99"):
        read_albedo_model(path)
