"""The named expressions and how people make them."""

from __future__ import annotations

import numpy as np
import pytest

from mien.errors import InputError
from mien.heads.library import load_head
from mien.synthetic.expressions import (
    BASIC,
    EXAGGERATED,
    PersonalStyle,
    all_expressions,
    expression_weights,
    find_expression,
)


def test_110_expressions_of_which_20_are_basic_and_10_exaggerated():
    expressions = all_expressions(load_head())
    assert len(expressions) == 110
    assert [e.name for e in expressions[:20]] == list(BASIC)
    assert [e.name for e in expressions if e.kind == "exaggerated"] == list(EXAGGERATED)
    weights = np.stack([e.weights for e in expressions])
    assert weights.min() >= 0
    assert weights.max() <= 1
    assert len(np.unique(weights.round(6), axis=0)) == 110


def test_expressions_by_name_and_by_weights():
    head = load_head()
    np.testing.assert_array_equal(find_expression(head, "smile"), expression_weights(head, BASIC["smile"]))
    weights = find_expression(head, "jawOpen=0.5, mouthSmileLeft=1")
    assert weights[head.expression_names.index("jawOpen")] == 0.5
    assert weights[head.expression_names.index("mouthSmileLeft")] == 1
    assert weights[head.expression_names.index("mouthSmileRight")] == 0
    for wrong in ("sneeze", "noseSneeze=1", "jawOpen=wide"):
        with pytest.raises(InputError):
            find_expression(head, wrong)


def test_people_make_expressions_their_own_way():
    head = load_head()
    rng = np.random.default_rng(0)
    wide = find_expression(head, "mouth_stretch")
    gains = [
        PersonalStyle.of(head, rng.normal(size=head.identity_count), seed=seed).apply(wide)
        for seed in range(4)
    ]
    assert np.ptp([g[head.expression_names.index("jawOpen")] for g in gains]) > 0.02
    mean = PersonalStyle.of(head, np.zeros(head.identity_count), seed=1).gain
    assert mean[head.expression_names.index("eyeBlinkLeft")] == pytest.approx(1.0)


def test_no_style_for_what_is_personal_already_or_turns_eyes():
    head = load_head()
    gain = PersonalStyle.of(head, 2.0 * np.ones(head.identity_count), seed=3).gain
    own = [personal.shape for personal in head.personal_shapes]
    looks = [i for i, name in enumerate(head.expression_names) if name.startswith("eyeLook")]
    assert own
    np.testing.assert_array_equal(gain[own + looks], 1.0)
    assert (np.delete(gain, own + looks) != 1.0).mean() > 0.8
