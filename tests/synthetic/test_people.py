"""Who is drawn: as many women as men, all ages, skulls in proportion, skins that go with them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from mien.heads.library import load_head
from mien.synthetic.people import (
    AGES,
    SKULLS,
    KnownPeople,
    Person,
    known_people,
    random_person,
    save_known_people,
    skull_proportion,
)
from mien.synthetic.scenes.studio import skin_for
from tests.toy_head import toy_head

SKINS = [
    f"{age}_{tone}skinned_{sex}_diffuse"
    for age in ("young", "middleage", "old")
    for tone in ("light", "dark")
    for sex in ("female", "male")
]


@pytest.fixture(scope="module")
def people() -> list[Person]:
    rng = np.random.default_rng(0)
    return [random_person(load_head(), rng) for _ in range(300)]


def test_known_people_are_of_every_kind():
    known = known_people()
    assert known.identity.shape == (len(known.male), load_head().identity_count)
    assert known.male.mean() == pytest.approx(0.5, abs=0.01)
    assert all((known.age == age).mean() == pytest.approx(0.25, abs=0.01) for age in range(4))
    assert known.heavy.min() < -0.5
    assert known.heavy.max() > 0.5
    np.testing.assert_allclose(known.ancestry.sum(axis=1), 1, atol=1e-5)


def test_children_have_small_faces():
    head, known = load_head(), known_people()
    p = head.landmark_set("ibug68").vertices

    def face_m(rows: np.ndarray) -> float:
        at = head.mean_m[p, 1] + known.identity[rows].mean(axis=0) @ head.identity_basis_m[:, p, 1]
        return float(at[36:48].mean() - at[8])

    heights = [face_m(known.age == age) for age in range(4)]
    assert heights[0] < 0.94 * min(heights[1:])


def test_people_are_half_women_of_every_age_with_sane_skulls(people: list[Person]):
    assert 0.4 < np.mean([person.male for person in people]) < 0.6
    ages = Counter(person.age for person in people if person.source == "known")
    assert set(ages) == set(AGES)
    assert 0.4 < sum(ages.values()) / len(people) < 0.6
    proportions = [skull_proportion(load_head(), person.identity) for person in people]
    assert np.mean([SKULLS[0] < one < SKULLS[1] for one in proportions]) > 0.99


def test_brows_vary_more_than_the_prior_of_a_weight_of_one(people: list[Person]):
    brows = np.stack([person.identity[-6:] for person in people])
    assert 1.15 < brows.std() < 1.8


def test_a_seed_gives_a_person():
    one, other = (random_person(load_head(), np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(one.identity, other.identity)
    assert one.details() == other.details()


def test_heads_with_other_identities_have_people_of_their_own():
    person = random_person(toy_head(), np.random.default_rng(0))
    assert person.identity.shape == (toy_head().identity_count,)
    assert person.source == "prior"


@pytest.mark.parametrize(
    ("male", "age", "has"),
    [
        (True, "old", ("old", "_male")),
        (False, "middle", ("middleage", "female")),
        (True, "child", ("young", "female")),
    ],
)
def test_skins_go_with_people(male: bool, age: str, has: tuple[str, str]):
    rng, head = np.random.default_rng(0), load_head()
    for african in (0.0, 1.0):
        person = Person(np.zeros(head.identity_count), "known", male, age, 0.0, african)
        chosen = [skin_for(person, SKINS, rng) for _ in range(100)]
        assert all(part in name for name in chosen for part in has)
        dark = np.mean(["_dark" in name for name in chosen])
        assert dark > 0.75 if african else dark < 0.35


def test_people_come_back(tmp_path):
    known = known_people()
    few = KnownPeople(*(getattr(known, name)[:5] for name in vars(known)))
    save_known_people(few, tmp_path / "people.npz")
    with np.load(tmp_path / "people.npz") as file:
        np.testing.assert_allclose(file["identity"], few.identity, atol=2e-3)
        np.testing.assert_array_equal(file["age"], few.age)
