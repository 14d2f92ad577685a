"""The learning rate range test: a sensible rate, the same training afterwards."""

from __future__ import annotations

import json

import pytest
import torch

from mien.datasets.crops.feeder import FeederConfig
from mien.errors import InputError
from mien.learning.config import TrainingConfig
from mien.learning.learning_rate_test import range_test
from mien.training.landmarks.config import (
    LandmarkLossConfig,
    LandmarkNetworkConfig,
    LandmarkTrainingConfig,
)
from mien.training.landmarks.training import train_landmarks


def test_the_rate_lies_below_where_a_parabola_diverges():
    """Gradient descent on 50 x² diverges above a rate of 0.02 and hardly moves far below it."""
    place = [1.0]

    def step(batch: str, rate: float) -> float:
        loss = 50 * place[0] ** 2
        place[0] -= rate * 100 * place[0]
        return loss

    test = range_test(step, ["the only one"], largest=1.0)
    assert 2e-4 < test.suggestion < 0.02
    assert len(test.rates) == len(test.losses) < 60


def test_a_loss_that_never_falls_is_named():
    with pytest.raises(InputError, match="learning-rate"):
        range_test(lambda batch, rate: 1.0 + rate, ["the only one"])
    with pytest.raises(InputError, match="learning-rate"):
        range_test(lambda batch, rate: float("nan"), ["the only one"])


def test_auto_is_training_with_the_rate_found(crops, layout, tmp_path):
    inline = FeederConfig(processes=0, wait_s=0.0)

    def train(folder: str, rate, *, steps: int = 2, resume: bool = False):
        config = LandmarkTrainingConfig(
            crops,
            LandmarkNetworkConfig(network="resnet10_quarter", hidden=32),
            LandmarkLossConfig(opening_weight=0.0),
            TrainingConfig(max_steps=steps, threads=1, half_precision=False, learning_rate=rate),
        )
        return train_landmarks(config, out=tmp_path / folder, resume=resume, feeder=inline, layout=layout)

    found = train("a", "auto")
    rate = json.loads((tmp_path / "a" / "learning_rate_test.json").read_text())["suggestion"]
    assert found.settings["learning_rate"] == rate
    assert 1e-6 <= rate <= 0.3
    given = train("b", rate)
    assert all(
        torch.equal(value, given.tensors["network"][key]) for key, value in found.tensors["network"].items()
    )
    # resumed without a number, it keeps the one that was found
    resumed = train("a", "auto", steps=3, resume=True)
    assert resumed.settings["learning_rate"] == rate
    assert resumed.step == 3
