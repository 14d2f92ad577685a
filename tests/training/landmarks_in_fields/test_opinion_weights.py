"""Weights of opinions: who errs less counts for more, and the deviations told fit the errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mien.errors import InputError
from mien.landmarks_in_fields.fusion import read_weights
from mien.training.landmarks_in_fields.opinion_weights import (
    PARTS,
    KnownOpinions,
    learned_weights,
    write_weights,
)


def opinions(*, count: int, sigmas_m: tuple[float, float, float], seed: int = 0) -> list[KnownOpinions]:
    """Independent Gaussian errors about random truths, and a part that all opinions err by alike."""
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(count):
        truth_m = rng.normal(0, 0.05, (68, 3))
        errors_m = rng.normal(size=(3, 68, 3)) * np.reshape(sigmas_m, (3, 1, 1))
        out.append(KnownOpinions(truth_m + errors_m + rng.normal(0, 0.001, (68, 3)), truth_m))
    return out


def test_parts_hold_every_landmark_once():
    assert sorted(point for part in PARTS.values() for point in part) == list(range(68))


def test_who_errs_less_counts_for_more_and_the_mix_is_best():
    known = opinions(count=30, sigmas_m=(0.004, 0.002, 0.002))
    weights = learned_weights(known)
    assert (weights.weights[..., 0] < weights.weights[..., 1]).all()
    np.testing.assert_allclose(weights.weights.sum(axis=2), 1)
    errors_m, in_sigmas = [], []
    for one in opinions(count=10, sigmas_m=(0.004, 0.002, 0.002), seed=1):
        points_m, sigma_m = weights.fused(one.opinions_m, np.eye(3, 4))
        errors_m.append(points_m - one.truth_m)
        in_sigmas.append(np.abs(errors_m[-1]) / sigma_m[:, None])
    assert np.std(errors_m) < 0.0020
    assert (np.array(in_sigmas) < 1).mean() == pytest.approx(0.68, abs=0.06)


def test_a_few_wild_errors_do_not_take_an_opinions_weight():
    known = opinions(count=30, sigmas_m=(0.003, 0.003, 0.003))
    wild = known[0].opinions_m.copy()
    wild[2] += 0.2
    known[0] = KnownOpinions(wild, known[0].truth_m)
    weights = learned_weights(known)
    assert weights.weights[..., 2].mean() > 0.2


def test_weights_are_read_back(tmp_path: Path):
    weights = learned_weights(opinions(count=4, sigmas_m=(0.004, 0.002, 0.003)))
    write_weights(tmp_path / "weights.json", weights, fields=4)
    again = read_weights(tmp_path / "weights.json")
    np.testing.assert_allclose(again.weights, weights.weights, atol=1e-4)
    np.testing.assert_allclose(again.sigma_m, weights.sigma_m, atol=1e-6)


def test_networks_and_photographs_are_weighed_alone(tmp_path: Path):
    known = [
        KnownOpinions(one.opinions_m[:2], one.truth_m)
        for one in opinions(count=20, sigmas_m=(0.004, 0.002, 0.001))
    ]
    weights = learned_weights(known)
    np.testing.assert_allclose(weights.weights.sum(axis=2), 1)
    assert (weights.weights[..., 0] < weights.weights[..., 1]).all()
    write_weights(tmp_path / "weights.json", weights, fields=20, kind="photographs")
    again = read_weights(tmp_path / "weights.json", "photographs")
    np.testing.assert_allclose(again.weights, weights.weights, atol=1e-4)
    with pytest.raises(InputError, match="other opinions"):
        read_weights(tmp_path / "weights.json")


def test_there_has_to_be_something_to_learn_from():
    with pytest.raises(InputError, match="no fields"):
        learned_weights([])
