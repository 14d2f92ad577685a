"""The picture of brow and lash cards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mien.looks.albedo_model import albedo_model_for, read_albedo_model, save_albedo_model
from mien.looks.cards import LASHES, card_picture
from mien.looks.colors import linear_from_srgb
from mien.looks.hair import HairColor

BLOND = HairColor(np.array([0.4, 0.3, 0.15]), 1.0, np.array([0.2, 0.13, 0.06]))


def with_cards(head):
    """The head with its lower teeth as brows, whose cards show the upper half of the picture."""
    teeth = head.part_names.index("lower_teeth")
    names = tuple("brows" if name == "lower_teeth" else name for name in head.part_names)
    uv = head.uv.copy()
    used = np.unique(head.uv_triangles[head.vertex_parts[head.triangles[:, 0]] == teeth])
    uv[used, 1] = np.linspace(0.5, 1.0, len(used))
    return replace(head, part_names=names, uv=uv)


def test_brows_take_their_colour_and_can_be_left_out(head):
    layers = np.stack([np.full((40, 60), 128), np.full((40, 60), 200)], axis=-1).astype(np.uint8)
    model = replace(albedo_model_for(head), card_picture=layers)
    drawn = card_picture(with_cards(head), model, BLOND, brows=True)
    assert drawn is not None
    np.testing.assert_allclose(linear_from_srgb(drawn[5, 5, :3]), BLOND.brows, atol=0.01)
    np.testing.assert_allclose(linear_from_srgb(drawn[35, 5, :3]), LASHES, atol=0.005)
    assert (drawn[..., 3] == 200).all()
    without = card_picture(with_cards(head), model, BLOND, brows=False)
    assert without is not None
    assert without[:19, :, 3].max() == 0
    assert without[22:, :, 3].min() == 200


def test_heads_without_cards_get_no_picture(head):
    model = replace(albedo_model_for(head), card_picture=None)
    assert card_picture(head, model, BLOND, brows=True) is None


def test_cards_survive_the_models_file(head, tmp_path):
    layers = np.random.default_rng(0).integers(0, 255, (16, 32, 2)).astype(np.uint8)
    save_albedo_model(replace(albedo_model_for(head), card_picture=layers), tmp_path / "albedo.npz")
    again = read_albedo_model(tmp_path / "albedo.npz")
    np.testing.assert_array_equal(again.card_picture, layers)
