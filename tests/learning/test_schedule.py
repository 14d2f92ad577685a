"""The learning rate over a training, in steps and in minutes."""

from __future__ import annotations

import numpy as np
import pytest

from mien.learning.config import TrainingConfig
from mien.learning.schedule import CosineSchedule, learning_rate_share


def test_learning_rate_rises_then_falls():
    shares = [learning_rate_share(p, warm_up=0.1, final=0.01) for p in np.linspace(0, 1, 101)]
    assert np.argmax(shares) == 10
    assert max(shares) == pytest.approx(1)
    assert np.all(np.diff(shares[10:]) < 0)
    assert shares[-1] == pytest.approx(0.01)


def test_steps_count_instead_of_minutes_where_they_are_given():
    minutes = CosineSchedule(TrainingConfig(max_minutes=2.0))
    steps = CosineSchedule(TrainingConfig(max_minutes=2.0, max_steps=50))
    assert minutes.share(10, 60.0) == pytest.approx(0.5)
    assert minutes.share(10, 300.0) == 1
    assert steps.share(10, 300.0) == pytest.approx(0.2)
    assert steps.rate(25, 0.0) == pytest.approx(minutes.rate(0, 60.0))
