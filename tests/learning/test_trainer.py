"""What trainings have in common, shown on a line that is fitted to points."""

from __future__ import annotations

import itertools
import json
import os
import signal
from pathlib import Path

import pytest
import torch

from mien.errors import InputError
from mien.learning.checkpoints import CHECKPOINT_NAME, read_checkpoint
from mien.learning.trainer import VALIDATED, Trainer
from mien.progress import Progress
from tests.learning.lines import LineTraining, batches, config_of, trainer_of


def read_log(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def saved(folder: Path):
    return read_checkpoint(folder / CHECKPOINT_NAME, kind="line", command="x")


def test_it_learns_and_tells_so(tmp_path):
    seen: list[Progress] = []
    trainer = trainer_of(config_of(60), tmp_path, report=seen.append)
    trainer.run(batches())
    log = read_log(tmp_path)
    assert [entry["step"] for entry in log] == [*range(5, 61, 5)]
    assert log[-1]["loss"] < 0.1 * log[0]["loss"]
    assert log[-1]["double"] == pytest.approx(2 * log[-1]["loss"])
    assert log[-1]["half"] == pytest.approx(log[-1]["loss"] / 2)
    assert log[-1]["share"] == 1
    assert "figures" not in log[0]
    assert log[-1]["figures"] == trainer.figures
    assert abs(trainer.figures["held out"]["error"]) < 1
    assert trainer.samples == 60 * 8
    assert saved(tmp_path).figures == trainer.figures


def test_reports_are_of_one_kind(tmp_path):
    seen: list[Progress] = []
    trainer_of(config_of(10), tmp_path, report=seen.append).run(batches())
    assert [progress.label for progress in seen] == ["step 5", "step 10", VALIDATED]
    assert [progress.share for progress in seen] == [0.5, 1.0, 1.0]
    assert {"loss", "double", "half", "samples_per_s"} == seen[0].figures.keys()
    assert {"minutes", "held out/error"} == seen[-1].figures.keys()


def test_time_ends_a_training_too(tmp_path):
    trainer = trainer_of(config_of(None, max_minutes=0.2 / 60), tmp_path)
    trainer.run(batches())
    assert trainer.step > 1
    assert 0.2 <= trainer.elapsed_s < 5
    assert trainer.share == 1


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trainer = Trainer(LineTraining(config_of(7)), log_steps=2)
    trainer.run(batches())
    assert trainer.step == 7
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_saves(tmp_path):
    def stop(progress: Progress) -> None:
        raise KeyboardInterrupt

    trainer = trainer_of(config_of(60), tmp_path, report=stop)
    with pytest.raises(KeyboardInterrupt):
        trainer.run(batches())
    assert saved(tmp_path).step == trainer.step == 5


class Interrupted(LineTraining):
    """Somebody presses Ctrl-C in the middle of some steps."""

    presses = (3,)

    def losses(self, batch):
        if self.taken[-1] in self.presses:
            for _ in range(self.presses.count(self.taken[-1])):
                os.kill(os.getpid(), signal.SIGINT)
        return super().losses(batch)


def test_ctrl_c_in_a_step_lets_it_finish(tmp_path):
    trainer = Trainer(Interrupted(config_of(10)), folder=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        trainer.run(batches())
    assert trainer.step == saved(tmp_path).step == 4
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    trainer.run(batches(first_step=4))
    whole = Trainer(LineTraining(config_of(10)))
    whole.run(batches())
    assert_same(trainer, whole)


def test_ctrl_c_twice_does_not_wait_and_saves_no_half_step(tmp_path):
    training = Interrupted(config_of(10))
    training.presses = (3, 3)
    trainer = Trainer(training, folder=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        trainer.run(batches())
    assert trainer.step == 3
    assert not (tmp_path / CHECKPOINT_NAME).exists()


def assert_same(one: Trainer, other: Trainer) -> None:
    for name, value in one.training.learner.network.state_dict().items():
        assert torch.equal(value, other.training.learner.network.state_dict()[name])


def test_going_on_is_going_through(tmp_path):
    whole = trainer_of(config_of(20), tmp_path / "none")
    (tmp_path / "none").mkdir()
    whole.run(batches())
    first = trainer_of(config_of(20), tmp_path)
    with pytest.raises(StopIteration):
        first.run(itertools.islice(batches(), 12))  # the batches end before the training does
    first.save()
    second = trainer_of(config_of(20), tmp_path)
    torch.rand(3)
    second.resume(saved(tmp_path))
    assert torch.equal(torch.rand(3), torch.rand(3, generator=generator_at(saved(tmp_path))))
    second.run(batches(first_step=12))
    assert_same(whole, second)
    assert second.training.taken == [*range(20)]


def generator_at(checkpoint) -> torch.Generator:
    generator = torch.Generator()
    generator.set_state(checkpoint.tensors["random_state"]["cpu"])
    return generator


def test_a_killed_training_s_log_goes_on_without_doubled_or_half_lines(tmp_path):
    trainer = trainer_of(config_of(10), tmp_path)
    with pytest.raises(StopIteration):
        trainer.run(itertools.islice(batches(), 7))
    trainer.save()
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"loss": 1.0, "step": 8}\n{"loss": 1.0, "st')  # written after the checkpoint, then killed
    again = trainer_of(config_of(10), tmp_path)
    again.resume(saved(tmp_path))
    again.run(batches(first_step=7))
    assert [line["step"] for line in read_log(tmp_path)] == [5, 10]


def test_a_broken_batch_spoils_no_weights_and_no_checkpoint_but_is_reported(tmp_path):
    trainer = trainer_of(config_of(10), tmp_path)
    with pytest.raises(InputError, match="finite"):
        trainer.run(batches(broken=3))
    weights = trainer.training.learner.network.state_dict().values()
    assert all(torch.isfinite(value).all() for value in weights)
    assert not (tmp_path / CHECKPOINT_NAME).exists()
