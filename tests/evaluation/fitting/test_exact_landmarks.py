"""Fits to exact landmarks of people whose shape is known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mien.evaluation.fitting.exact_landmarks import (
    MEAN_HEAD,
    ONE_EXPRESSIVE,
    ONE_KNOWN_FOCAL,
    ONE_NEUTRAL,
    REPRODUCTION,
    Reproduction,
    study_exact_landmarks,
)
from mien.evaluation.fitting.shape_error import ShapeErrors
from mien.evaluation.fitting.tables import exact_landmarks_table, summary
from mien.progress import Progress
from mien.synthetic.held_out_people.crowd import Photographer


def test_the_ways_stand_in_order(photographer: Photographer):
    steps: list[Progress] = []
    result = study_exact_landmarks(photographer, set_name="dense320", report=steps.append)
    assert [(step.done, step.total) for step in steps] == [(0, 2), (1, 2), (2, 2)]
    assert list(result.errors) == [
        MEAN_HEAD, REPRODUCTION, ONE_NEUTRAL, ONE_KNOWN_FOCAL, ONE_EXPRESSIVE, "all pictures (3)",
    ]  # fmt: skip
    median = {name: summary(errors)["median_mm"] for name, errors in result.errors.items()}
    assert median[REPRODUCTION] < 0.15
    assert median[REPRODUCTION] < median["all pictures (3)"] < median[ONE_NEUTRAL]
    assert median[ONE_NEUTRAL] < 0.5 * median[MEAN_HEAD]
    table = exact_landmarks_table(result)
    assert [row[0] for row in table.rows if row[0]] == ["all (2)", "near (1)", "far (1)"]
    assert len(table.markdown().splitlines()) == 2 + 3 * 6
    assert json.loads(json.dumps(table.data))["groups"]["all"][MEAN_HEAD]["fits"] == 2


def test_reproduction_is_the_nearest_shape_of_the_head(photographer: Photographer):
    head = photographer.head
    identity = np.random.default_rng(0).normal(size=head.identity_count)
    within_m = np.tensordot(identity, head.identity_basis_m, axes=1)
    reproduce = Reproduction.of(head)
    np.testing.assert_allclose(reproduce(within_m), head.mean_m + within_m, atol=1e-9)
    outside_m = photographer.crowd.displacements_m[0]
    left_m = (head.mean_m + outside_m - reproduce(outside_m)).reshape(-1)
    assert np.abs(head.identity_basis_m.reshape(head.identity_count, -1) @ left_m).max() < 1e-9


def test_summary_by_hand():
    figures = summary([ShapeErrors(np.array([1.0, 2.0, 3.0])), ShapeErrors(np.array([5.0]))])
    assert figures["median_mm"] == 2.5
    assert figures["mean_mm"] == 2.75
    assert figures["std_mm"] == pytest.approx(np.std([1, 2, 3, 5]))
    assert figures["median_of_worst_mm"] == pytest.approx(2 + 0.95 * 3)
