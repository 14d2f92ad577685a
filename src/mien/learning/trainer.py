"""What trainings have in common: a length in time or steps, a log, checkpoints to go on from."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

from mien.errors import InputError
from mien.learning.checkpoints import TrainingCheckpoint
from mien.learning.schedule import WeightAverage, learning_rate_share, parameter_groups
from mien.learning.threads import fitting_threads

CHECKPOINT_NAME, LOG_NAME = "checkpoint.pt", "log.jsonl"


@dataclass(frozen=True)
class TrainingConfig:
    """How long and how fast a network is trained, whatever it learns."""

    max_minutes: float = 50.0
    """Length of the training, minutes; the learning rate follows the share that has passed."""
    max_steps: int | None = None
    """Length in steps instead; then the same settings give the same network."""
    learning_rate: float | None = 2e-3
    """Peak learning rate of AdamW."""
    weight_decay: float = 0.05
    """Weight decay of AdamW."""
    warm_up: float = 0.03
    """Share of the training in which the learning rate rises."""
    final_rate: float = 0.005
    """Learning rate at the end over the peak."""
    largest_gradient: float = 5.0
    """Gradients longer than this are shortened to it."""
    average_decay: float = 0.998
    """Share that the running average of the weights keeps per step."""
    half_precision: bool = True
    """Compute convolutions in bfloat16."""
    threads: int | None = None
    """Torch's CPU threads; without a number, as many as find a free core, looked at again and again."""
    device: str = "cpu"
    """Where to train: cpu or cuda."""
    checkpoint_minutes: float = 3.0
    """Minutes between checkpoints (and validations)."""
    log_steps: int = 10
    """Steps between lines of the log."""

    def done(self, *, step: int, elapsed_s: float) -> float:
        """Share of the training that is over, in [0, 1]."""
        if self.max_steps is not None:
            return min(1.0, step / self.max_steps)
        return min(1.0, elapsed_s / (60 * self.max_minutes))


@dataclass(frozen=True)
class TrainingProgress:
    """Where a training stands; one line of the log.

    Attributes:
        step: steps done.
        share: share of the training that is done, in [0, 1].
        elapsed_s: training time, seconds.
        losses: mean of each part of the loss since the last line; "loss" is what is descended.
        learning_rate: of the last step.
        samples_per_s: speed since the last line.
        store_size: faces that batches are drawn from.
        figures: validation figures by what they were measured on, where they are new; else empty.
    """

    step: int
    share: float
    elapsed_s: float
    losses: dict[str, float]
    learning_rate: float
    samples_per_s: float
    store_size: int
    figures: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def loss(self) -> float:
        return self.losses["loss"]

    def log_line(self) -> str:
        values = asdict(self)
        line = values.pop("losses") | values
        if not self.figures:
            del line["figures"]
        return json.dumps(line)


@runtime_checkable
class TrainingBatch(Protocol):
    """Samples to take one step on, and how many faces they were drawn from."""

    @property
    def store_size(self) -> int: ...

    def __len__(self) -> int: ...


BatchT = TypeVar("BatchT", bound=TrainingBatch)


class TrainingRun(ABC, Generic[BatchT]):
    """One training with AdamW and a running average of the weights.

    A subclass says what the loss is, how the network is validated, and what else a checkpoint holds. It calls
    `begin` with the network, and `restore` where it goes on from a checkpoint.

    Attributes:
        options: settings.
        out: folder for checkpoint and log.
        memory_format: that the network's weights are brought into.
        network, average, optimiser: what is trained; from `begin` on.
        step: steps done.
        samples: samples presented.
        elapsed_s: training time, seconds.
        figures: latest validation figures.
    """

    network: nn.Module
    average: WeightAverage
    optimiser: torch.optim.Optimizer
    memory_format: ClassVar[torch.memory_format] = torch.channels_last

    def __init__(self, options: TrainingConfig, out: Path) -> None:
        self.options, self.out = options, out
        self.step, self.samples, self.elapsed_s = 0, 0, 0.0
        self.figures: dict = {}

    @abstractmethod
    def losses(self, batch: BatchT) -> dict[str, Tensor]:
        """Scalars to log; "loss" is the one to descend."""

    @abstractmethod
    def validate(self) -> dict[str, dict[str, float]]:
        """Figures of the average by kind of held-out sample; empty when there are none yet."""

    @abstractmethod
    def checkpoint(self) -> TrainingCheckpoint:
        """The training as it is now."""

    @property
    def path(self) -> Path:
        """The checkpoint's file."""
        return self.out / CHECKPOINT_NAME

    @property
    def share(self) -> float:
        """Share of the training that is done, in [0, 1]."""
        return self.options.done(step=self.step, elapsed_s=self.elapsed_s)

    def begin(self, network: nn.Module, *, own_parameters: Iterable[nn.Parameter] = ()) -> None:
        """Take the network to train; `own_parameters` are the loss's, trained without weight decay."""
        options = self.options
        network = network.to(options.device)
        self.network = network.to(memory_format=self.memory_format)  # pyright: ignore[reportCallIssue]
        self.average = WeightAverage(self.network, decay=options.average_decay)
        groups = parameter_groups(self.network, weight_decay=options.weight_decay)
        own = list(own_parameters)
        if own:
            groups.append({"params": own, "weight_decay": 0.0})
        self.optimiser = torch.optim.AdamW(groups, lr=options.learning_rate or 0.0, betas=(0.9, 0.99))

    def restore(self, checkpoint: TrainingCheckpoint) -> None:
        """Go on where a checkpoint was taken; after `begin`."""
        self.network.load_state_dict(checkpoint.network)
        self.average.network.load_state_dict(checkpoint.average)
        self.average.updates = checkpoint.average_updates
        self.optimiser.load_state_dict(checkpoint.optimiser)
        self.step, self.elapsed_s = checkpoint.step, checkpoint.elapsed_s
        self.figures = checkpoint.figures

    def state(self) -> dict[str, Any]:
        """The fields of a `TrainingCheckpoint` that every training fills alike."""
        return {
            "step": self.step,
            "elapsed_s": self.elapsed_s,
            "figures": self.figures,
            "network": self.network.state_dict(),
            "average": self.average.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average_updates": self.average.updates,
        }

    def save(self) -> None:
        """Write the checkpoint."""
        self.checkpoint().save(self.path)

    def train(
        self, batches: Iterator[BatchT], report: Callable[[TrainingProgress], None] | None = None
    ) -> None:
        """Train to the end. An interruption (Ctrl-C) saves a checkpoint, then raises KeyboardInterrupt.

        Raises:
            InputError: the loss is no longer finite.
        """
        try:
            self._train(batches, report)
        except KeyboardInterrupt:
            if self.step:
                self.save()
            raise

    def step_at(self, batch: BatchT, rate: float) -> dict[str, float]:
        """One step at a learning rate; returns the losses before it."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.network.train()
        losses = self.losses(batch)
        self.optimiser.zero_grad(set_to_none=True)
        losses["loss"].backward()
        parameters = [value for group in self.optimiser.param_groups for value in group["params"]]
        norm = nn.utils.clip_grad_norm_(parameters, self.options.largest_gradient)
        if torch.isfinite(norm):  # one broken batch must not spoil the weights
            self.optimiser.step()
            self.average.update(self.network)
        return {name: float(value.detach()) for name, value in losses.items()}

    def _train(self, batches: Iterator[BatchT], report: Callable[[TrainingProgress], None] | None) -> None:
        options = self.options
        saved_s = logged_s = self.elapsed_s
        begin = time.monotonic() - self.elapsed_s
        since_line: list[dict[str, float]] = []
        while self.share < 1:
            batch = next(batches)
            share = learning_rate_share(self.share, warm_up=options.warm_up, final=options.final_rate)
            rate = (options.learning_rate or 0.0) * share
            since_line.append(self.step_at(batch, rate))
            self.step += 1
            self.samples += len(batch)
            self.elapsed_s = time.monotonic() - begin
            due = self.elapsed_s - saved_s > 60 * options.checkpoint_minutes or self.share >= 1
            if not due and self.step % options.log_steps:
                continue
            speed = len(since_line) * len(batch) / max(1e-9, self.elapsed_s - logged_s)
            if due:
                self.figures = self.validate()
                self.save()
                saved_s = self.elapsed_s
            progress = TrainingProgress(
                step=self.step,
                share=self.share,
                elapsed_s=self.elapsed_s,
                losses={key: float(np.mean([each[key] for each in since_line])) for key in since_line[0]},
                learning_rate=rate,
                samples_per_s=speed,
                store_size=batch.store_size,
                figures=self.figures if due else {},
            )
            since_line, logged_s = [], time.monotonic() - begin  # what validating took is nobody's speed
            with (self.out / LOG_NAME).open("a", encoding="utf-8") as log:
                log.write(progress.log_line() + "\n")
            if not np.isfinite(progress.loss):
                raise InputError("the loss is no longer finite; lower --learning-rate", source=self.out)
            if options.threads is None:
                torch.set_num_threads(fitting_threads(used=torch.get_num_threads()))
            if report is not None:
                report(progress)


def start_folder(out: str | Path, *, resume: bool) -> Path:
    """Make the folder of a training; returns its checkpoint's path.

    Raises:
        InputError: it holds a checkpoint that nobody asked to resume.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    path = out / CHECKPOINT_NAME
    if path.exists() and not resume:
        raise InputError("holds a checkpoint already; add --resume or choose another folder", source=out)
    return path
