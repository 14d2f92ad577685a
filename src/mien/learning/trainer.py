"""The one loop of every training: steps, a log, checkpoints to go on from."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Generic

import torch
from torch import Tensor

from mien.errors import InputError
from mien.learning.checkpoints import CHECKPOINT_NAME, Checkpoint, training_folder
from mien.learning.config import TrainingConfig
from mien.learning.devices import choose_device, random_state, set_random_state
from mien.learning.interruption import Interruption
from mien.learning.threads import fitting_threads
from mien.learning.training import BatchT, Training
from mien.learning.training_log import LogLine, TrainingLog
from mien.progress import Progress, ProgressReport, silent
from mien.reading.damage import damage_named

VALIDATED = "validated"
"""`Progress.label` of reports whose figures are new validation figures, named "KIND/FIGURE"."""


class Trainer(Generic[BatchT]):
    """Trains, and goes on where it was stopped.

    Args:
        training: what is learned.
        folder: for checkpoint and log; without one nothing is written.
        checkpoint_minutes: minutes between checkpoints and validations.
        log_steps: steps between lines of the log and reports.
        adapt_threads: compute with as many threads as find a free core, looked at with every line.
        random_device: a checkpoint also holds where torch's own random numbers stand, those of this device
            among them; None leaves them alone.
        report: told the share that is over; see also `VALIDATED`.

    Attributes:
        step: steps done.
        samples: samples presented.
        elapsed_s: training time, seconds.
        figures: latest validation figures.
    """

    def __init__(
        self,
        training: Training[BatchT],
        *,
        folder: Path | None = None,
        checkpoint_minutes: float = 3.0,
        log_steps: int = 10,
        adapt_threads: bool = False,
        random_device: torch.device | None = None,
        report: ProgressReport = silent,
    ) -> None:
        self.training, self.folder = training, folder
        self.step, self.samples, self.elapsed_s = 0, 0, 0.0
        self.figures: dict[str, dict[str, float]] = {}
        self._checkpoint_s, self._log_steps = 60 * checkpoint_minutes, log_steps
        self._adapt_threads, self._random_device, self._report = adapt_threads, random_device, report
        self._log = TrainingLog(folder)
        self._since_line: list[dict[str, Tensor]] = []

    @property
    def share(self) -> float:
        """Share of the training that is over, in [0, 1]."""
        return self.training.schedule.share(self.step, self.elapsed_s)

    def checkpoint(self) -> Checkpoint:
        """The training as it is now."""
        state = self.training.state()
        tensors = {**self.training.learner.state(), **state.tensors}
        if self._random_device is not None:
            tensors["random_state"] = random_state(self._random_device)
        return Checkpoint(
            kind=self.training.kind,
            step=self.step,
            samples=self.samples,
            elapsed_s=self.elapsed_s,
            settings=state.settings,
            figures=self.figures,
            plain=state.plain,
            tensors=tensors,
        )

    def save(self) -> None:
        """Write the checkpoint, where there is a folder."""
        if self.folder is not None:
            self.checkpoint().save(self.folder / CHECKPOINT_NAME)

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go on where a checkpoint was taken.

        Raises:
            InputError: it holds weights of another network.
        """
        with damage_named(checkpoint.source, "is of a training with other settings, or damaged; train anew"):
            self.training.load_state(checkpoint)
            self.training.learner.load_state(checkpoint.tensors)
        self.step, self.samples = checkpoint.step, checkpoint.samples
        self.elapsed_s, self.figures = checkpoint.elapsed_s, checkpoint.figures
        self._log.go_back_to(self.step)
        if self._random_device is not None:
            set_random_state(checkpoint.tensors["random_state"], self._random_device)

    def run(self, batches: Iterator[BatchT]) -> None:
        """Train to the end. An interruption (Ctrl-C) saves a checkpoint, then raises KeyboardInterrupt.

        Raises:
            InputError: the loss is no longer finite.
        """
        with Interruption() as interruption:
            try:
                self._run(batches, interruption)
            except KeyboardInterrupt:
                if self.step and not interruption.in_step:
                    self.save()
                raise

    def _run(self, batches: Iterator[BatchT], interruption: Interruption) -> None:
        saved_s = told_s = self.elapsed_s
        begin = time.monotonic() - self.elapsed_s
        while self.share < 1:
            batch = next(batches)
            with interruption.step():
                self._take_step(batch)
                self.elapsed_s = time.monotonic() - begin
            due = self.elapsed_s - saved_s > self._checkpoint_s or self.share >= 1
            if due or self.step % self._log_steps == 0:
                seconds = max(1e-9, self.elapsed_s - told_s)
                losses = self._mean_losses()  # broken ones raise: the last good checkpoint stays
                if due:
                    self.figures = self.training.validate()
                    self.save()
                    saved_s = self.elapsed_s
                self._tell(losses, seconds, validated=due)
                told_s = time.monotonic() - begin  # what validating took is nobody's speed

    def _take_step(self, batch: BatchT) -> None:
        training = self.training
        training.prepare(self.step, self.elapsed_s)
        training.learner.set_rate(training.schedule.rate(self.step, self.elapsed_s))
        self._since_line.append(descend(training, batch))
        self.step += 1
        self.samples += training.batch_size
        training.after_step(self.step)

    def _mean_losses(self) -> dict[str, float]:
        """Over the steps since the last line."""
        each = self._since_line
        losses = {name: float(torch.stack([one[name] for one in each]).double().mean()) for name in each[0]}
        if not math.isfinite(losses["loss"]):
            raise InputError(
                "the loss is no longer finite; choose a lower learning rate",
                source=self.folder or self.training.kind,
            )
        return losses

    def _tell(self, losses: dict[str, float], seconds: float, *, validated: bool) -> None:
        """A line of the log and reports."""
        count, self._since_line = len(self._since_line), []
        line = LogLine(
            step=self.step,
            share=self.share,
            elapsed_s=self.elapsed_s,
            losses=losses,
            learning_rate=self.training.learner.learning_rate,
            samples_per_s=count * self.training.batch_size / seconds,
            facts=self.training.facts(losses),
            figures=self.figures if validated else {},
        )
        self._log.write(line)
        if self._adapt_threads:
            torch.set_num_threads(fitting_threads(used=torch.get_num_threads()))
        figures = {**losses, "samples_per_s": line.samples_per_s, **line.facts}
        self._report(Progress(line.share, 1.0, f"step {self.step}", figures))
        if line.figures:
            self._report(Progress(line.share, 1.0, VALIDATED, _flat(self.figures, self.elapsed_s)))


def descend(training: Training[BatchT], batch: BatchT) -> dict[str, Tensor]:
    """One step at the present learning rate; returns the losses before it."""
    training.learner.network.train()
    losses = training.losses(batch)
    training.learner.descend(losses["loss"])
    return {name: value.detach() for name, value in losses.items()}


def start_network_training(config: TrainingConfig, out: str | Path, *, resume: bool) -> Path:
    """Set torch's threads and random numbers, and make the folder of a training; returns it.

    Raises:
        InputError: see `training_folder`.
    """
    folder = training_folder(out, resume=resume)
    torch.set_num_threads(config.threads or fitting_threads(used=0))
    torch.manual_seed(config.seed)
    return folder


def network_trainer(
    training: Training[BatchT], config: TrainingConfig, *, folder: Path, report: ProgressReport = silent
) -> Trainer[BatchT]:
    """The trainer of a network as a `TrainingConfig` says."""
    return Trainer(
        training,
        folder=folder,
        checkpoint_minutes=config.checkpoint_minutes,
        log_steps=config.log_steps,
        adapt_threads=config.threads is None,
        random_device=choose_device(config.device),
        report=report,
    )


def _flat(figures: dict[str, dict[str, float]], elapsed_s: float) -> dict[str, float]:
    flat = {f"{kind}/{name}": value for kind, part in figures.items() for name, value in part.items()}
    return {"minutes": elapsed_s / 60, **flat}
