"""One answer of several opinions: weighed in the head's axes, surer where they agree."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.geometry.rotations import matrix_from_rotation_vector
from mien.heads.landmark_sets import mirror_indices
from mien.landmarks_in_fields.fusion import (
    OPINIONS,
    SHIPPED_WEIGHTS,
    OpinionKind,
    OpinionWeights,
    read_weights,
    shipped_weights,
)

FIELD_FROM_HEAD = np.concatenate(
    [20 * matrix_from_rotation_vector(np.array([0.3, -1.2, 0.5])), [[4.0], [5.0], [-6.0]]], axis=1
)


def in_field(points_m: np.ndarray) -> np.ndarray:
    """Points of the head's frame in a field's that is turned, shifted and of another unit."""
    return points_m @ FIELD_FROM_HEAD[:, :3].T + FIELD_FROM_HEAD[:, 3]


@pytest.fixture
def truth_m() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.05, (68, 3))


@pytest.mark.parametrize("kind", OPINIONS)
def test_shipped_weights_add_up_and_treat_both_sides_alike(kind: OpinionKind):
    weights = shipped_weights(kind)
    assert weights.weights.shape[2] == len(OPINIONS[kind])
    np.testing.assert_allclose(weights.weights.sum(axis=2), 1, atol=1e-3)
    assert (weights.weights >= 0).all()
    partner = list(mirror_indices("ict68"))
    np.testing.assert_allclose(weights.weights[partner], weights.weights, atol=1e-3)
    np.testing.assert_allclose(weights.bias_m[:, partner] * [-1, 1, 1], weights.bias_m, atol=1e-5)
    assert np.abs(weights.bias_m).max() < 0.01


def test_what_opinions_are_usually_off_by_is_taken_away_wherever_the_head_is(truth_m: np.ndarray):
    weights = shipped_weights()
    opinions_m = in_field(truth_m + weights.bias_m)
    points_m, sigma_m = weights.fused(opinions_m, FIELD_FROM_HEAD)
    np.testing.assert_allclose(points_m, in_field(truth_m), atol=1e-8)
    np.testing.assert_allclose(sigma_m, 20 * weights.sigma_m, rtol=1e-6)


def test_disagreement_makes_less_sure(truth_m: np.ndarray):
    weights = replace(shipped_weights(), spread=np.ones(68))
    agreed_m = in_field(truth_m + weights.bias_m)
    apart_m = agreed_m.copy()
    apart_m[1] += 0.2
    assert (weights.fused(apart_m, FIELD_FROM_HEAD)[1] > weights.fused(agreed_m, FIELD_FROM_HEAD)[1]).all()


def test_the_others_share_the_weight_of_an_opinion_that_is_not_there(truth_m: np.ndarray):
    weights = OpinionWeights(
        np.full((68, 3, 3), [0.5, 0.25, 0.25]), np.zeros((3, 68, 3)), np.ones(68), np.zeros(68)
    )
    opinions_m = np.stack([in_field(truth_m), in_field(truth_m + 0.003), np.full((68, 3), np.nan)])
    points_m, sigma_m = weights.fused(opinions_m, FIELD_FROM_HEAD)
    np.testing.assert_allclose(points_m, in_field(truth_m + 0.001), atol=1e-7)
    assert np.isfinite(sigma_m).all()
    opinions_m[1] = np.nan
    np.testing.assert_allclose(weights.fused(opinions_m, FIELD_FROM_HEAD)[0], in_field(truth_m), atol=1e-9)


def test_other_files_are_refused(tmp_path: Path):
    content = json.loads(SHIPPED_WEIGHTS["pictures"].read_text())
    path = tmp_path / "weights.json"
    for spoiled in ({**content, "format_version": 99}, {**content, "weights": [1.0]}, []):
        path.write_text(json.dumps(spoiled))
        with pytest.raises(InputError):
            read_weights(path)
    with pytest.raises(InputError):
        read_weights(tmp_path / "missing.json")
    with pytest.raises(InputError, match="other opinions"):
        read_weights(SHIPPED_WEIGHTS["pictures"], "photographs")
