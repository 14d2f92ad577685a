"""People to test with and people to choose settings with have nothing in common."""

from __future__ import annotations

from mien.evaluation.fields.casts import CASTS, WIDE
from mien.synthetic.expressions import BASIC
from mien.synthetic.volumes.volume_store import HELD_OUT_SKINS


def test_the_test_set_is_five_people_with_twenty_expressions():
    takes = CASTS["test"].takes(20)
    assert len(takes) == len(set(takes)) == 100
    assert takes[:5] == [(person, "neutral") for person in range(5)]
    assert CASTS["test"].takes(3) == takes[:15]


def test_nobody_is_in_both_casts():
    test, tuning = CASTS["test"], CASTS["tuning"]
    assert test.seed != tuning.seed
    skins = [*HELD_OUT_SKINS, *(f"skin {number}" for number in range(15))]
    others = {tuning.skin(person, skins) for person in range(len(tuning.hair))}
    assert not others & {test.skin(person, skins) for person in range(len(test.hair))}


def test_tuning_people_are_neutral_first_then_all_different_then_wide():
    takes = CASTS["tuning"].takes(20)
    own, wide = takes[12:24], takes[24:]
    assert takes[:12] == [(person, "neutral") for person in range(12)]
    assert len({expression for _, expression in own}) == 12
    assert {expression for _, expression in own} <= set(BASIC) - {"neutral"}
    assert {expression for _, expression in wide} == set(WIDE)
    assert len(set(takes)) == len(takes)
