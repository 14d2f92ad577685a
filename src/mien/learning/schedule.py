"""How far a training is and which learning rate belongs there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from mien.learning.config import TrainingConfig


class Schedule(Protocol):
    """Says when a training is over and how fast it learns on the way.

    A training is at a number of steps done and of seconds that they took.
    """

    def share(self, step: int, elapsed_s: float) -> float:
        """Share of the training that is over, in [0, 1]; from 1 on it ends."""
        ...

    def rate(self, step: int, elapsed_s: float) -> float:
        """Learning rate of the step that comes now over the peak."""
        ...


@dataclass(frozen=True)
class CosineSchedule:
    """A length in steps or minutes; the rate rises evenly, then falls along half a cosine."""

    config: TrainingConfig

    def share(self, step: int, elapsed_s: float) -> float:
        config = self.config
        if config.max_steps is not None:
            return min(1.0, step / config.max_steps)
        return min(1.0, elapsed_s / (60 * config.max_minutes))

    def rate(self, step: int, elapsed_s: float) -> float:
        config = self.config
        return learning_rate_share(
            self.share(step, elapsed_s), warm_up=config.warm_up, final=config.final_rate
        )


def learning_rate_share(progress: float, *, warm_up: float, final: float) -> float:
    """Share of the peak learning rate: a linear rise, then half a cosine down to `final`.

    Args:
        progress: share of the training that is done, in [0, 1].
        warm_up: share of the training in which the rate rises.
        final: share of the peak at the end.
    """
    if progress < warm_up:
        return max(progress / warm_up, 0.02)
    done = min(1.0, (progress - warm_up) / max(1e-9, 1 - warm_up))
    return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * done))
