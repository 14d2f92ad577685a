"""The learning rate range test: a sensible rate, the same training afterwards."""

from __future__ import annotations

import json

import pytest
import torch

from mien.datasets.crops.batches import CropBatch
from mien.datasets.crops.feeder import FeederConfig
from mien.errors import InputError
from mien.learning.learning_rate_test import range_test
from mien.training.landmarks.loop import LandmarkTrainingConfig, train
from mien.training.landmarks.networks import LandmarkNetworkConfig


def test_the_rate_lies_below_where_a_parabola_diverges(plan):
    """Gradient descent on 50 x² diverges above a rate of 0.02 and hardly moves far below it."""
    place = [1.0]

    def step(batch: CropBatch, rate: float) -> float:
        loss = 50 * place[0] ** 2
        place[0] -= rate * 100 * place[0]
        return loss

    test = range_test(step, [plan.empty_batch()], largest=1.0)
    assert 2e-4 < test.suggestion < 0.02
    assert len(test.rates) == len(test.losses) < 60


def test_a_loss_that_never_falls_is_named(plan):
    with pytest.raises(InputError, match="learning-rate"):
        range_test(lambda batch, rate: 1.0 + rate, [plan.empty_batch()])
    with pytest.raises(InputError, match="learning-rate"):
        range_test(lambda batch, rate: float("nan"), [plan.empty_batch()])


def test_auto_is_training_with_the_rate_found(plan, layout, tmp_path):
    network = LandmarkNetworkConfig(
        network="resnet10_quarter", landmarks=len(layout), input_size=64, hidden=32
    )
    options = {"max_steps": 2, "threads": 1, "half_precision": False}
    inline = FeederConfig(processes=0, wait_s=0.0)
    found = train(
        plan,
        network,
        LandmarkTrainingConfig(learning_rate=None, **options),
        out=tmp_path / "a",
        feeder=inline,
    )
    rate = json.loads((tmp_path / "a" / "learning_rate_test.json").read_text())["suggestion"]
    assert found.training["learning_rate"] == rate
    assert 1e-6 <= rate <= 0.3
    given = train(
        plan,
        network,
        LandmarkTrainingConfig(learning_rate=rate, **options),
        out=tmp_path / "b",
        feeder=inline,
    )
    assert all(torch.equal(value, given.network[key]) for key, value in found.network.items())
    # resumed without a number, it keeps the one that was found
    more = {**options, "max_steps": 3}
    resumed = train(
        plan,
        network,
        LandmarkTrainingConfig(learning_rate=None, **more),
        out=tmp_path / "a",
        feeder=inline,
        resume=True,
    )
    assert resumed.training["learning_rate"] == rate
    assert resumed.step == 3
