"""Learning rate range test: train a little at ever higher rates and see where the loss falls fastest.

The test is Smith's ("Cyclical learning rates for training neural networks", 2017, section 3.3). Wood et al.
2022 (section 3.1) leave the choice to PyTorch Lightning, which raises the rate exponentially at every step
and takes the rate at which the smoothed loss falls most steeply; so does this one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from mien.errors import InputError
from mien.files import write_text
from mien.learning.checkpoints import Checkpoint
from mien.learning.config import TrainingConfig
from mien.learning.trainer import descend
from mien.learning.training import BatchT, Training

TEST_BATCHES = 12
RESULT_NAME = "learning_rate_test.json"


@dataclass(frozen=True)
class RangeTest:
    """What a range test saw.

    Attributes:
        rates: learning rates tried, ascending.
        losses: smoothed change of the loss at each, against the untrained network.
        suggestion: the rate at which the loss fell most steeply over the logarithm of the rate.
    """

    rates: list[float]
    losses: list[float]
    suggestion: float


def range_test(
    step: Callable[[BatchT, float], float],
    batches: list[BatchT],
    *,
    smallest: float = 1e-6,
    largest: float = 0.3,
    steps: int = 60,
    smoothing: float = 0.85,
) -> RangeTest:
    """Try rates from `smallest` to `largest`; ends early once the loss has risen by more than it ever fell.

    Args:
        step: trains one step on a batch at a rate (0: none) and returns the loss before it.
        batches: used in turn.
        smallest, largest, steps: the rates are evenly spread over their logarithm.
        smoothing: share of the running mean of the loss that a step keeps.

    Raises:
        InputError: the loss fell at no rate.
    """
    rates = np.geomspace(smallest, largest, steps)
    # batches differ more than one step changes: every loss is measured against its own batch's at the start
    before = [step(batch, 0.0) for batch in batches]
    noise = max(1e-3, float(np.std(before)))
    losses: list[float] = []
    mean = 0.0
    for index, rate in enumerate(rates):
        loss = step(batches[index % len(batches)], float(rate)) - before[index % len(batches)]
        if not np.isfinite(loss):
            break
        mean = smoothing * mean + (1 - smoothing) * loss
        losses.append(mean / (1 - smoothing ** (index + 1)))
        if losses[-1] > noise - min(losses):
            break
    least = int(np.argmin(losses)) if losses else 0
    if least < 1 or losses[least] >= 0:
        raise InputError(
            "the loss fell at no rate of the range test; give a number", source="--learning-rate auto"
        )
    slope = np.diff(losses[: least + 1])
    return RangeTest(rates[: len(losses)].tolist(), losses, float(rates[int(np.argmin(slope)) + 1]))


def with_learning_rate(
    config: TrainingConfig,
    *,
    folder: Path,
    trial: Callable[[TrainingConfig], Training[BatchT]],
    batches: Callable[[], list[BatchT]],
) -> TrainingConfig:
    """The settings with a number for the learning rate: where they say "auto", that of a range test.

    The test lies in the training's folder, as `learning_rate_test.json`.

    Args:
        trial: makes a training of such settings; it is thrown away, and torch's random numbers are put back.
        batches: for the trial, about `TEST_BATCHES`.

    Raises:
        InputError: the loss fell at no rate.
    """
    if config.learning_rate != "auto":
        return config
    coming = batches()
    with torch.random.fork_rng(devices=[]):
        training = trial(replace(config, learning_rate=1.0))

        def step(batch: BatchT, rate: float) -> float:
            training.learner.set_rate(rate)
            return float(descend(training, batch)["loss"])

        test = range_test(step, coming)
    write_text(folder / RESULT_NAME, json.dumps(asdict(test)) + "\n")
    return replace(config, learning_rate=test.suggestion)


def with_earlier_rate(config: TrainingConfig, checkpoint: Checkpoint) -> TrainingConfig:
    """On resuming: where the settings say "auto", the rate that was found when the training began."""
    if config.learning_rate != "auto":
        return config
    return replace(config, learning_rate=float(checkpoint.settings["learning_rate"]))
