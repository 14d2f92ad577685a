"""The smallest training: a line is fitted to points."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn

from mien.learning.checkpoints import Checkpoint
from mien.learning.config import TrainingConfig
from mien.learning.learner import network_learner
from mien.learning.schedule import CosineSchedule
from mien.learning.trainer import Trainer, network_trainer
from mien.learning.training import Training, TrainingState
from mien.progress import ProgressReport, silent


@dataclass(frozen=True)
class Points:
    x: Tensor
    y: Tensor


class LineTraining(Training[Points]):
    """y = 3 x + 1 by least squares."""

    kind: ClassVar[str] = "line"
    batch_size = 8

    def __init__(self, config: TrainingConfig) -> None:
        torch.manual_seed(0)
        self.network = nn.Sequential(nn.Linear(1, 1))
        self.learner = network_learner(self.network, config)
        self.schedule = CosineSchedule(config)
        self.taken: list[int] = []

    def prepare(self, step: int, elapsed_s: float) -> None:
        self.taken.append(step)

    def losses(self, batch: Points) -> dict[str, Tensor]:
        loss = ((self.network(batch.x) - batch.y) ** 2).mean()
        return {"loss": loss, "double": 2 * loss}

    def facts(self, losses: Mapping[str, float]) -> dict[str, float]:
        return {"half": losses["double"] / 4}

    def validate(self) -> dict[str, dict[str, float]]:
        assert self.learner.average is not None
        return {"held out": {"error": float(self.learner.average.network(torch.ones(1, 1)) - 4)}}

    def state(self) -> TrainingState:
        return TrainingState({"steps": 1}, {"taken": self.taken})

    def load_state(self, checkpoint: Checkpoint) -> None:
        self.taken = list(checkpoint.plain["taken"])


def batches(*, broken: int | None = None, first_step: int = 0) -> Iterator[Points]:
    for step in itertools.count(first_step):
        x = torch.linspace(-1, 1, 8)[:, None]
        y = 3 * x + 1 + 0.1 * (step % 3)
        yield Points(x, y * float("nan") if step == broken else y)


def config_of(steps: int | None, **changes) -> TrainingConfig:
    values = {"learning_rate": 0.1, "threads": 1, "log_steps": 5, "average_decay": 0.5, **changes}
    return TrainingConfig(max_steps=steps, **values)


def trainer_of(config: TrainingConfig, folder: Path, *, report: ProgressReport = silent) -> Trainer[Points]:
    return network_trainer(LineTraining(config), config, folder=folder, report=report)
