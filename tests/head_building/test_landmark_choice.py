"""Choosing landmark vertices: symmetric, exact counts, nested."""

from __future__ import annotations

import numpy as np
import pytest

from mien.head_building import landmark_choice as choice
from tests.toy_head import toy_head


@pytest.fixture
def scene() -> dict[str, np.ndarray]:
    head = toy_head()
    places, mirror = head.mean_m, head.mirror_vertices
    # a midline, which the toy head lacks: three more vertices that are their own partners
    places = np.concatenate([places, [[0, 0.02, 0.1], [0, -0.05, 0.09], [0, 0.08, 0.05]]])
    mirror = np.concatenate([mirror, len(mirror) + np.arange(3)])
    return {
        "places": places,
        "mirror": mirror,
        "density": np.ones(len(places)),
        "allowed": places[:, 2] > 0.0,
    }


@pytest.mark.parametrize("count", [20, 21, 60, 101])
def test_growing_is_symmetric_exact_and_keeps_its_start(scene: dict[str, np.ndarray], count: int):
    start = np.flatnonzero(scene["allowed"])[[0, 5]]
    chosen = choice.grow_symmetric(start, count, **scene)
    assert len(chosen) == len(set(chosen.tolist())) == count
    assert set(scene["mirror"][chosen]) == set(chosen.tolist())
    assert set(start.tolist()) <= set(chosen.tolist())
    assert scene["allowed"][chosen].all()


def test_a_grown_set_contains_what_it_grew_from(scene: dict[str, np.ndarray]):
    small = choice.grow_symmetric(np.array([3]), 30, **scene)
    large = choice.grow_symmetric(small, 80, **scene)
    assert set(small.tolist()) < set(large.tolist())


def test_denser_where_asked(scene: dict[str, np.ndarray]):
    upper = scene["places"][:, 1] > 0
    even = choice.grow_symmetric(np.array([3]), 60, **scene)
    dense = choice.grow_symmetric(np.array([3]), 60, **{**scene, "density": np.where(upper, 4.0, 1.0)})
    assert upper[dense].sum() > 1.3 * upper[even].sum()


def test_too_many_to_start_with(scene: dict[str, np.ndarray]):
    with pytest.raises(ValueError, match="more than the 10 asked for"):
        choice.grow_symmetric(np.arange(20), 10, **scene)


@pytest.mark.parametrize(("partner", "middle"), [(choice.ibug68_mirror(), 10), (choice.wflw98_mirror(), 12)])
def test_published_sets_have_partners(partner: np.ndarray, middle: int):
    np.testing.assert_array_equal(partner[partner], np.arange(len(partner)))
    on_the_midline = {
        68: {8, 27, 28, 29, 30, 33, 51, 57, 62, 66},
        98: {16, 51, 52, 53, 54, 57, 79, 85, 90, 94},
    }
    own = set(np.flatnonzero(partner == np.arange(len(partner))).tolist())
    assert own == on_the_midline[len(partner)]


def test_symmetric_choice_copies_the_partner():
    own_mirror, mirror = np.array([1, 0, 2]), np.array([5, 4, 2, 3, 1, 0])
    assert choice.symmetric_choice(np.array([3, 4, 2]), own_mirror, mirror).tolist() == [1, 4, 2]


def test_nearest_and_even_steps():
    vertices = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0.0]])
    allowed = np.array([True, False, True])
    assert choice.nearest_skin_vertices(np.array([[0.9, 0, 0], [1.2, 0, 0]]), vertices, allowed).tolist() == [
        0,
        2,
    ]
    bent = np.array([[0, 0], [1, 0], [1, 3.0]])
    np.testing.assert_allclose(
        choice.along_curve(bent, 5), [[0, 0], [1, 0], [1, 1], [1, 2], [1, 3]], atol=1e-12
    )


def test_as_set_finds_partners():
    head = toy_head()
    vertices = np.array([4, int(head.mirror_vertices[4]), 9, int(head.mirror_vertices[9])])
    assert choice.as_set("four", vertices, head.mirror_vertices).mirror.tolist() == [1, 0, 3, 2]
