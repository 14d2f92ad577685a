"""What trainings have in common, shown on a line that is fitted to points."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from mien.errors import InputError
from mien.learning.checkpoints import TrainingCheckpoint
from mien.learning.trainer import TrainingConfig, TrainingProgress, TrainingRun, start_folder


@dataclass(frozen=True)
class Points:
    x: Tensor
    y: Tensor
    store_size: int = 100

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True)
class NoConfig:
    pass


class Line(TrainingRun[Points]):
    """y = 3 x + 1 by least squares."""

    def __init__(self, options: TrainingConfig, out: Path) -> None:
        super().__init__(options, out)
        torch.manual_seed(0)
        self.begin(nn.Sequential(nn.Linear(1, 1)))

    def losses(self, batch: Points) -> dict[str, Tensor]:
        loss = ((self.network(batch.x) - batch.y) ** 2).mean()
        return {"loss": loss, "double": 2 * loss}

    def validate(self) -> dict[str, dict[str, float]]:
        return {"held out": {"error": float(self.average.network(torch.ones(1, 1)) - 4)}}

    def checkpoint(self) -> TrainingCheckpoint:
        return TrainingCheckpoint(**self.state(), network_config=NoConfig(), training={})


def batches(*, broken: int | None = None):
    for step in itertools.count():
        x = torch.linspace(-1, 1, 8)[:, None]
        y = 3 * x + 1
        yield Points(x, y * float("nan") if step == broken else y)


def options(steps: int | None, **changes) -> TrainingConfig:
    return TrainingConfig(
        max_steps=steps, learning_rate=0.1, threads=1, log_steps=5, average_decay=0.5, **changes
    )


def read_log(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_it_learns_and_tells_so(tmp_path):
    line, seen = Line(options(60), tmp_path), []
    line.train(batches(), seen.append)
    log = read_log(tmp_path)
    assert [entry["step"] for entry in log] == [*range(5, 61, 5)]
    assert log[-1]["loss"] < 0.1 * log[0]["loss"]
    assert log[-1]["double"] == pytest.approx(2 * log[-1]["loss"])
    assert log[-1]["share"] == 1
    assert "figures" not in log[0]
    assert log[-1]["figures"] == seen[-1].figures == line.figures
    assert abs(line.figures["held out"]["error"]) < 1
    assert line.samples == 60 * 8
    assert line.path.is_file()


def test_time_ends_a_training_too(tmp_path):
    line = Line(options(None, max_minutes=0.2 / 60), tmp_path)
    line.train(batches())
    assert line.step > 1
    assert 0.2 <= line.elapsed_s < 5
    assert line.share == 1


def test_an_interruption_saves(tmp_path):
    line = Line(options(60), tmp_path)

    def stop(progress: TrainingProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        line.train(batches(), stop)
    assert line.step == 5
    assert line.path.is_file()
    with pytest.raises(InputError, match="--resume"):
        start_folder(tmp_path, resume=False)
    assert start_folder(tmp_path, resume=True) == line.path


def test_going_on_is_going_through(tmp_path):
    whole, first, second = (Line(options(steps), tmp_path) for steps in (20, 20, 20))
    whole.train(batches())
    with pytest.raises(StopIteration):
        first.train(itertools.islice(batches(), 12))  # the batches end before the training does
    second.restore(first.checkpoint())
    second.train(batches())
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, second.network.state_dict()[name])


def test_a_broken_batch_spoils_no_weights_but_is_reported(tmp_path):
    line = Line(options(10), tmp_path)
    with pytest.raises(InputError, match="finite"):
        line.train(batches(broken=3))
    assert all(torch.isfinite(value).all() for value in line.network.state_dict().values())
