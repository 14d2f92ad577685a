"""Random MakeHuman people."""

from __future__ import annotations

import numpy as np
import pytest

from mien.head_building.makehuman import MakeHuman
from mien.head_building.people import makehuman_displacement, random_makehuman_weights
from mien.head_building.quad_skin import MEAN_PERSON
from tests.head_building.assets import ASYMMETRIC, write_makehuman


@pytest.fixture(scope="module")
def makehuman(tmp_path_factory: pytest.TempPathFactory) -> MakeHuman:
    return MakeHuman(write_makehuman(tmp_path_factory.mktemp("assets") / "makehuman"))


def draw(makehuman: MakeHuman, seed: int) -> dict[str, float]:
    return random_makehuman_weights(makehuman, np.random.default_rng(seed))


def test_weights_are_in_range_and_known(makehuman: MakeHuman):
    for seed in range(40):
        weights = draw(makehuman, seed)
        assert set(weights) <= set(makehuman.target_names)
        assert min(weights.values()) >= 0
        assert max(w for name, w in weights.items() if not name.startswith("asym/")) <= 1
        assert sum(name in ASYMMETRIC for name in weights) == 4
        assert not any(name.startswith("expression/") for name in weights)


def test_a_seed_gives_a_person(makehuman: MakeHuman):
    assert draw(makehuman, 3) == draw(makehuman, 3)
    assert draw(makehuman, 3) != draw(makehuman, 4)


def test_opposites_exclude_each_other_and_sides_go_together(makehuman: MakeHuman):
    seen_ears = 0
    for seed in range(60):
        weights = draw(makehuman, seed)
        for stem in ("nose/nose-width1", "ears/l-ear-scale", "chin/chin-jaw-drop"):
            assert not (f"{stem}-incr" in weights and f"{stem}-decr" in weights)
        for way in ("incr", "decr"):
            left, right = weights.get(f"ears/l-ear-scale-{way}"), weights.get(f"ears/r-ear-scale-{way}")
            assert (left is None) == (right is None)
            if left is not None and right is not None:
                seen_ears += 1
                assert abs(left - right) < 0.6
    assert seen_ears > 5


def test_displacement_counts_from_the_mean_person(makehuman: MakeHuman):
    mean = makehuman.macro_weights(**MEAN_PERSON)
    assert np.abs(makehuman_displacement(makehuman, mean)).max() < 1e-12
    assert np.abs(makehuman_displacement(makehuman, draw(makehuman, 0))).max() > 0.01
