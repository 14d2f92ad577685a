"""The training loop of the face search: resumable, with a log of figures."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch

from mien.errors import InputError
from mien.training.landmark_network.schedule import WeightAverage, learning_rate_share, parameter_groups
from mien.training.search.batches import SceneBatch, ScenePlan, batches_ahead
from mien.training.search.checkpoints import SearchCheckpoint, load_checkpoint, save_checkpoint
from mien.training.search.losses import center_loss, geometry_loss
from mien.training.search.network import SearchNetwork, SearchNetworkConfig
from mien.training.search.scenes import Scene
from mien.training.search.validation import evaluate, validation_scenes


@dataclass(frozen=True)
class SearchTraining:
    """How a search network is trained."""

    max_minutes: float = 15.0
    """Length of the training, minutes; the learning rate follows the share that has passed."""
    max_steps: int | None = None
    """Length in steps instead."""
    learning_rate: float = 3e-3
    """Peak learning rate of AdamW."""
    weight_decay: float = 0.02
    """Weight decay of AdamW."""
    geometry_weight: float = 1.0
    """Weight of the geometry loss against the focal loss."""
    largest_gradient: float = 5.0
    """Gradients longer than this are shortened to it."""
    average_decay: float = 0.995
    """Share that the running average of the weights keeps per step."""
    half_precision: bool = True
    """Compute convolutions in bfloat16."""
    threads: int = 2
    """Torch's CPU threads."""
    checkpoint_minutes: float = 3.0
    """Minutes between checkpoints (and validations)."""
    log_steps: int = 20
    """Steps between lines of the log."""


@dataclass(frozen=True)
class SearchProgress:
    """Where a training stands; one line of the log.

    Attributes:
        step: steps done.
        share: share of the training that is done, in [0, 1].
        elapsed_s: training time, seconds.
        loss: mean loss since the last line; center_loss is its focal part.
        scenes_per_s: speed since the last line.
        store_size: heads that scenes are made of.
        figures: latest validation figures, perhaps empty.
    """

    step: int
    share: float
    elapsed_s: float
    loss: float
    center_loss: float
    scenes_per_s: float
    store_size: int
    figures: dict = field(default_factory=dict)


def train_search(
    plan: ScenePlan,
    options: SearchTraining,
    *,
    out: str | Path,
    config: SearchNetworkConfig | None = None,
    resume: bool = False,
    report: Callable[[SearchProgress], None] | None = None,
) -> SearchCheckpoint:
    """Train a search network; its last checkpoint is returned and lies in `out`, beside log.jsonl.

    An interruption (Ctrl-C) saves a checkpoint, then raises KeyboardInterrupt.

    Args:
        plan: the data.
        options: settings; on resuming they may differ from the first part's.
        out: folder for checkpoint and log.
        config: architecture; on resuming the checkpoint's is used.
        resume: go on from `out`/checkpoint.pt.
        report: called at every line of the log.

    Raises:
        InputError: no data, no checkpoint to resume, or the loss is no longer finite.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    path = out / "checkpoint.pt"
    torch.set_num_threads(options.threads)
    torch.manual_seed(plan.seed)
    if not resume and path.exists():
        raise InputError("holds a checkpoint already; add --resume or choose another folder", source=out)
    trainer = _Trainer(plan, options, out, load_checkpoint(path) if resume else None, config)
    store = plan.open_store()
    store.refresh()
    if not len(store):
        raise InputError(
            f"no training shards (the first {plan.held_out} of a folder are kept for validation); make more "
            "with: mien synth",
            source=", ".join(map(str, plan.directories)),
        )
    with batches_ahead(plan, store, first_step=trainer.step) as batches:
        try:
            trainer.run(batches, lambda: len(store), report)
        except KeyboardInterrupt:
            trainer.save()
            raise
    return trainer.checkpoint()


class _Trainer:
    """State of one training."""

    def __init__(
        self,
        plan: ScenePlan,
        options: SearchTraining,
        out: Path,
        start: SearchCheckpoint | None,
        config: SearchNetworkConfig | None,
    ) -> None:
        self.plan, self.options, self.out = plan, options, out
        network = SearchNetwork(start.network_config if start else config)
        self.network = network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.average = WeightAverage(self.network, decay=options.average_decay)
        groups = parameter_groups(self.network, weight_decay=options.weight_decay)
        self.optimiser = torch.optim.AdamW(groups, lr=options.learning_rate, betas=(0.9, 0.99))
        self.step, self.elapsed_s, self.figures = 0, 0.0, {}
        if start is not None:
            self.network.load_state_dict(start.network)
            self.average.network.load_state_dict(start.average)
            self.average.updates = start.average_updates
            self.optimiser.load_state_dict(start.optimiser)
            self.step, self.elapsed_s, self.figures = start.step, start.elapsed_s, start.figures

    def checkpoint(self) -> SearchCheckpoint:
        record = asdict(self.options) | {"seed": self.plan.seed, "batch": self.plan.batch}
        record |= {"scenes": asdict(self.plan.options), "data": [path.name for path in self.plan.directories]}
        return SearchCheckpoint(
            network_config=self.network.config,
            step=self.step,
            elapsed_s=self.elapsed_s,
            training=record,
            figures=self.figures,
            network=self.network.state_dict(),
            average=self.average.network.state_dict(),
            optimiser=self.optimiser.state_dict(),
            average_updates=self.average.updates,
        )

    def save(self) -> None:
        save_checkpoint(self.checkpoint(), self.out / "checkpoint.pt")

    @property
    def share(self) -> float:
        """Share of the training that is done."""
        if self.options.max_steps is not None:
            return min(1.0, self.step / self.options.max_steps)
        return min(1.0, self.elapsed_s / (60 * self.options.max_minutes))

    def run(
        self,
        batches: Iterator[SceneBatch],
        store_size: Callable[[], int],
        report: Callable[[SearchProgress], None] | None,
    ) -> None:
        options = self.options
        held_out = validation_scenes(self.plan)
        last_save_s = line_s = self.elapsed_s
        begin = time.monotonic() - self.elapsed_s
        losses: list[tuple[float, float]] = []
        while self.share < 1:
            losses.append(self._step(next(batches)))
            self.step += 1
            self.elapsed_s = time.monotonic() - begin
            due = self.elapsed_s - last_save_s > 60 * options.checkpoint_minutes or self.share >= 1
            if due:
                last_save_s = self.elapsed_s
                self._validate(held_out)
                self.save()
            if due or self.step % options.log_steps == 0:
                speed = len(losses) * self.plan.batch / max(1e-9, self.elapsed_s - line_s)
                line_s = self.elapsed_s
                total, center = np.mean(losses, axis=0)
                losses = []
                progress = SearchProgress(
                    step=self.step,
                    share=self.share,
                    elapsed_s=self.elapsed_s,
                    loss=float(total),
                    center_loss=float(center),
                    scenes_per_s=speed,
                    store_size=store_size(),
                    figures=self.figures if due else {},
                )
                with (self.out / "log.jsonl").open("a") as log:
                    log.write(json.dumps(asdict(progress)) + "\n")
                if not np.isfinite(total):
                    raise InputError("the loss is no longer finite; lower --learning-rate", source=self.out)
                if report is not None:
                    report(progress)

    def _validate(self, scenes: list[Scene]) -> None:
        if scenes:
            self.figures = asdict(evaluate(self.checkpoint().averaged_network(), scenes))

    def _step(self, batch: SceneBatch) -> tuple[float, float]:
        options = self.options
        for group in self.optimiser.param_groups:
            group["lr"] = options.learning_rate * learning_rate_share(self.share, warm_up=0.05, final=0.005)
        pictures = torch.from_numpy(batch.pictures).permute(0, 3, 1, 2).float().div_(255)
        self.network.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=options.half_precision):
            output = self.network(pictures)
        center = center_loss(output.score[:, 0], torch.from_numpy(batch.heat), torch.from_numpy(batch.weight))
        shape = geometry_loss(
            output.geometry, torch.from_numpy(batch.geometry), torch.from_numpy(batch.geometry_weight)
        )
        loss = center + options.geometry_weight * shape
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), options.largest_gradient)
        if torch.isfinite(norm):  # one broken batch must not spoil the weights
            self.optimiser.step()
            self.average.update(self.network)
        return float(loss.detach()), float(center.detach())
