"""Hair and beards go together; shells stand off the skin; lenses soften; light is mostly near white."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from mien.geometry.normals import vertex_normals
from mien.heads.library import load_head
from mien.synthetic.scenes import shaders
from mien.synthetic.scenes.fur import BEARD_FUR, SCALP_FUR, FurCoat
from mien.synthetic.scenes.grooming import BEARDS, MEN, WOMEN, random_grooming
from mien.synthetic.scenes.head_maps import beard_region
from mien.synthetic.scenes.lighting import SETTINGS, random_light
from mien.synthetic.scenes.studio import through_lens


def groomed(count: int = 200, *, male: bool, old: bool = False, dark: bool = False) -> list:
    rng = np.random.default_rng(3)
    return [random_grooming(rng, male=male, old=old, dark=dark) for _ in range(count)]


def test_shares_are_whole():
    for shares in (MEN, WOMEN, BEARDS):
        assert sum(shares.values()) == pytest.approx(1)
    assert sum(setting.share for setting in SETTINGS.values()) == pytest.approx(1)


def test_women_have_no_beards_and_men_have_some():
    assert not any(g.beard or g.beard_fur for g in groomed(male=False))
    assert 0.1 < np.mean([g.beard_fur is not None for g in groomed(male=True)]) < 0.4


def test_hair_greys_with_age_and_is_dark_on_dark_people():
    young, aged, dark = (
        np.mean([np.mean(g.color) for g in groomed(male=True, old=old, dark=dark)])
        for old, dark in ((False, False), (True, False), (False, True))
    )
    assert aged > 1.5 * young
    assert dark < 0.5 * young


def test_shells_stand_off_the_skin_one_over_another(renderer: Callable):
    head = load_head()
    coat = FurCoat(head, renderer(64), beard=beard_region(head), shade=np.ones(head.vertex_count))
    normals = vertex_normals(head.mean_m, head.triangles)
    fur = next(g.fur for g in groomed(male=True) if g.fur is not None and g.style is None)
    for key in (SCALP_FUR, BEARD_FUR):
        items = coat.items(key, fur, head.mean_m, normals, np.eye(3), gloss=0.5)
        assert {item.material for item in items} == {shaders.FUR}
        assert len({item.key for item in items}) == len(items)
        outwards = [np.einsum("pc,pc->p", items[i].position_m, items[i].normal) for i in range(len(items))]
        assert all((b >= a - 1e-9).all() for a, b in pairwise(outwards))


def test_light_is_mostly_near_white_and_exposed_for_the_face():
    coloured, levels = [], []
    for seed in range(200):
        light = random_light(np.random.default_rng(seed), skin_level=0.3)
        seen = light.at(np.array([[0.0, 0.0, 1.0]]))[0] * light.balance * light.exposure
        coloured.append(seen.max() / seen.min() > 1.6)
        levels.append(0.3 * seen @ [0.3, 0.6, 0.1])
    assert np.mean(coloured) < 0.12
    assert np.quantile(levels, 0.05) > 0.1
    assert np.quantile(levels, 0.95) < 0.8


def test_lens_softens_edges():
    edge = np.zeros((256, 256, 3), np.float32)
    edge[:, 128:] = 200
    soft = through_lens(edge, np.random.default_rng(2)).astype(int)
    assert 3 < soft[128, 127, 0] < soft[128, 128, 0] < 197
    assert soft[128, 0, 0] == 0
