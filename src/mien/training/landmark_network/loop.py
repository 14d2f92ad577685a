"""The training loop: batches in, checkpoints and a log of figures out, exactly resumable."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from mien.errors import InputError
from mien.heads.landmark_sets import opening_pairs
from mien.heads.library import load_head
from mien.training.landmark_network.batches import Batch, BatchPlan
from mien.training.landmark_network.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from mien.training.landmark_network.feeder import FeederOptions, feed
from mien.training.landmark_network.learning_rate_test import range_test
from mien.training.landmark_network.losses import LOSSES, LandmarkObjective, presence_loss
from mien.training.landmark_network.mesh.hierarchy import build_hierarchy
from mien.training.landmark_network.mesh.triangulation import LandmarkMesh, landmark_mesh
from mien.training.landmark_network.networks import LandmarkNetwork, NetworkConfig
from mien.training.landmark_network.schedule import WeightAverage, learning_rate_share, parameter_groups
from mien.training.landmark_network.shards import mean_layout
from mien.training.landmark_network.threads import fitting_threads
from mien.training.landmark_network.validation import evaluate, validation_batches


@dataclass(frozen=True)
class TrainingOptions:
    """How a landmark network is trained."""

    max_minutes: float = 50.0
    """Length of the training, minutes; the learning rate follows the share that has passed."""
    max_steps: int | None = None
    """Length in steps instead; then the same settings give the same network."""
    learning_rate: float | None = 2e-3
    """Peak learning rate of AdamW; None finds one with a learning rate range test."""
    weight_decay: float = 0.05
    """Weight decay of AdamW."""
    warm_up: float = 0.03
    """Share of the training in which the learning rate rises."""
    final_rate: float = 0.005
    """Learning rate at the end over the peak."""
    loss: str = "gaussian"
    """Landmark loss: one of `losses.LOSSES`."""
    edge_weight: float = 0.0
    """Weight of the vertex–edge loss beside it."""
    opening_weight: float = 0.0
    """Weight of the same loss over pairs across lids and lips, which keeps blinks."""
    presence_weight: float = 0.3
    """Weight of the presence loss."""
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
    initial: Path | None = None
    """Checkpoint whose weights the network starts from, wherever names and shapes agree: another set, crop
    size or decoder may be wanted now, the backbone stays."""
    checkpoint_minutes: float = 3.0
    """Minutes between checkpoints (and validations)."""
    log_steps: int = 10
    """Steps between lines of the log."""


@dataclass(frozen=True)
class TrainingProgress:
    """Where a training stands, for a progress display.

    Attributes:
        step: steps done.
        share: share of the training that is done, in [0, 1].
        elapsed_s: training time, seconds.
        loss: mean loss since the last line.
        pictures_per_s: speed since the last line.
        store_size: faces that batches are drawn from.
        figures: latest validation figures by name of the validation batch, perhaps empty.
    """

    step: int
    share: float
    elapsed_s: float
    loss: float
    pictures_per_s: float
    store_size: int
    figures: dict = field(default_factory=dict)


def train(
    plan: BatchPlan,
    network_config: NetworkConfig,
    options: TrainingOptions,
    *,
    out: str | Path,
    resume: bool = False,
    feeder: FeederOptions | None = None,
    mesh: LandmarkMesh | None = None,
    report: Callable[[TrainingProgress], None] | None = None,
) -> Checkpoint:
    """Train a network; returns its last checkpoint, also in `out`/checkpoint.pt. `out`/log.jsonl grows.

    An interruption (Ctrl-C) saves a checkpoint, then raises KeyboardInterrupt.

    Args:
        plan: the data.
        network_config: architecture; the form of σ follows the loss, the mesh sizes follow the mesh; on
            resuming, the checkpoint's is used.
        options: settings; on resuming, lengths and rates may differ from the first part's.
        out: folder for checkpoint and log.
        resume: go on from `out`/checkpoint.pt.
        feeder: how batches are made.
        mesh: the landmarks' mesh for the spiral decoder and the vertex–edge loss; left out, it is made from
            the built-in head.
        report: called at every line of the log.

    Raises:
        InputError: no data, no checkpoint to resume, or the loss is no longer finite.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    feeder = feeder or FeederOptions()
    torch.set_num_threads(options.threads or fitting_threads(used=0))
    torch.manual_seed(plan.seed)
    if mesh is None and (options.edge_weight or network_config.decoder == "spiral"):
        mesh = landmark_mesh(plan.layout.set_name)
    trainer = _Trainer(plan, options, out, mesh)
    if resume:
        trainer.restore(load_checkpoint(out / "checkpoint.pt"))
    elif (out / "checkpoint.pt").exists():
        raise InputError("holds a checkpoint already; add --resume or choose another folder", source=out)
    batches = feed(plan, feeder, first_step=trainer.step)
    try:
        coming = iter(batches)
        if not resume:
            first = next(batches)
            mean_points = _mean_points(plan, first)
            if options.learning_rate is None:
                trainer.find_learning_rate(network_config, mean_points, feeder)
            trainer.start(network_config, mean_points)
            coming = itertools.chain([first], batches)
        trainer.run(coming, report)
    except KeyboardInterrupt:
        if trainer.step:
            trainer.save()
        raise
    finally:
        batches.close()
    return trainer.checkpoint()


def _mean_points(plan: BatchPlan, first: Batch) -> np.ndarray:
    """Mean landmarks of the data: the held-out faces' where there are some, else those of a batch."""
    store = plan.open_store(part="validation")
    store.refresh()
    return mean_layout(store) if len(store) else first.points[first.presence > 0].mean(axis=0)


def _start_from(network: LandmarkNetwork, checkpoint: Checkpoint, source: Path) -> None:
    """Take over the running average of another training's weights where names and shapes agree."""
    own = network.state_dict()
    taken = {
        name: value
        for name, value in checkpoint.average.items()
        if name in own and own[name].shape == value.shape
    }
    backbone = [name for name in own if name.startswith("backbone.")]
    if not all(name in taken for name in backbone):
        raise InputError(
            f"is a training of {checkpoint.network_config.network}, not of {network.config.network}; start "
            "from a checkpoint with the same backbone",
            source=source,
        )
    network.load_state_dict(own | taken)


class _Trainer:
    """State of one training."""

    def __init__(
        self, plan: BatchPlan, options: TrainingOptions, out: Path, mesh: LandmarkMesh | None
    ) -> None:
        self.plan, self.options, self.out, self.mesh = plan, options, out, mesh
        self.step, self.pictures, self.elapsed_s = 0, 0, 0.0
        self.figures: dict = {}

    def start(self, config: NetworkConfig, mean_points: np.ndarray | None) -> None:
        hierarchy = None
        if mean_points is not None:  # on resuming, the checkpoint decides
            config = replace(config, sigma=LOSSES.get(self.options.loss, "bounded"))
            if config.decoder == "spiral" and self.mesh is not None:
                hierarchy = build_hierarchy(self.mesh, spiral_length=config.spiral_length)
                config = replace(config, mesh_sizes=hierarchy.sizes)
        network = LandmarkNetwork(config, mean_points=mean_points, hierarchy=hierarchy)
        if mean_points is not None and self.options.initial is not None:
            _start_from(network, load_checkpoint(self.options.initial), self.options.initial)
        network = network.to(self.options.device)
        self.network = network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.average = WeightAverage(self.network, decay=self.options.average_decay)
        self.objective = LandmarkObjective(
            self.options.loss,
            weights=torch.as_tensor(self.plan.layout.weights, dtype=torch.float32),
            edges=None if self.mesh is None else torch.from_numpy(self.mesh.edges),
            edge_weight=self.options.edge_weight,
            openings=(
                torch.from_numpy(opening_pairs(load_head(), self.plan.layout.set_name))
                if self.options.opening_weight
                else None
            ),
            opening_weight=self.options.opening_weight,
        ).to(self.options.device)
        groups = parameter_groups(self.network, weight_decay=self.options.weight_decay)
        own = list(self.objective.parameters())
        if own:
            groups.append({"params": own, "weight_decay": 0.0})
        self.optimiser = torch.optim.AdamW(groups, lr=self.options.learning_rate or 0.0, betas=(0.9, 0.99))

    def find_learning_rate(
        self, config: NetworkConfig, mean_points: np.ndarray, feeder: FeederOptions
    ) -> None:
        """Set the peak learning rate by a range test on a network that is then thrown away."""
        few = replace(self.plan, max_pictures=min(self.plan.max_pictures, 2000), seed=self.plan.seed + 1)
        coming = feed(few, replace(feeder, processes=0))
        batches = list(itertools.islice(coming, 12))
        coming.close()
        with torch.random.fork_rng(devices=[]):
            trial = _Trainer(self.plan, self.options, self.out, self.mesh)
            trial.start(config, mean_points)
            test = range_test(trial.step_at, batches)
        (self.out / "learning_rate_test.json").write_text(json.dumps(asdict(test)) + "\n")
        self.options = replace(self.options, learning_rate=test.suggestion)

    def restore(self, checkpoint: Checkpoint) -> None:
        if checkpoint.set_name != self.plan.layout.set_name:
            raise InputError(f"was trained for {checkpoint.set_name}, not {self.plan.layout.set_name}",
                             source=self.out / "checkpoint.pt")  # fmt: skip
        if self.options.learning_rate is None:
            self.options = replace(self.options, learning_rate=checkpoint.training["learning_rate"])
        if checkpoint.network_config.sigma != LOSSES.get(self.options.loss):
            raise InputError(f"was trained with --loss {checkpoint.training['loss']}; resume with the same",
                             source=self.out / "checkpoint.pt")  # fmt: skip
        self.start(checkpoint.network_config, None)
        self.objective.load_state_dict(checkpoint.objective)
        self.network.load_state_dict(checkpoint.network)
        self.average.network.load_state_dict(checkpoint.average)
        self.average.updates = checkpoint.average_updates
        self.optimiser.load_state_dict(checkpoint.optimiser)
        self.step, self.pictures = checkpoint.step, checkpoint.pictures
        self.elapsed_s, self.figures = checkpoint.elapsed_s, checkpoint.figures
        torch.set_rng_state(checkpoint.random_state)

    def checkpoint(self) -> Checkpoint:
        training = asdict(self.options) | {"seed": self.plan.seed, "batch": self.plan.batch}
        training["initial"] = self.options.initial and self.options.initial.name
        training["augmentation"] = self.plan.options.clean_share < 1
        training["crop_scale"] = self.plan.options.warp.crop_scale
        return Checkpoint(
            network_config=self.network.config,
            set_name=self.plan.layout.set_name,
            step=self.step,
            elapsed_s=self.elapsed_s,
            pictures=self.pictures,
            training=training | {"data": [folder.name for folder in self.plan.directories]},
            figures=self.figures,
            network=self.network.state_dict(),
            average=self.average.network.state_dict(),
            optimiser=self.optimiser.state_dict(),
            average_updates=self.average.updates,
            random_state=torch.get_rng_state(),
            objective=self.objective.state_dict(),
        )

    def save(self) -> None:
        self._standardise()
        save_checkpoint(self.checkpoint(), self.out / "checkpoint.pt")

    @property
    def share(self) -> float:
        """Share of the training that is done."""
        if self.options.max_steps is not None:
            return min(1.0, self.step / self.options.max_steps)
        return min(1.0, self.elapsed_s / (60 * self.options.max_minutes))

    def run(self, batches: Iterator[Batch], report: Callable[[TrainingProgress], None] | None) -> None:
        options = self.options
        held_out = validation_batches(self.plan)
        last_save_s = line_s = self.elapsed_s
        begin = time.monotonic() - self.elapsed_s
        losses: list[float] = []
        for batch in batches:
            if self.share >= 1:
                break
            losses.append(self._step(batch))
            self.step += 1
            self.pictures += len(batch.crops)
            self.elapsed_s = time.monotonic() - begin
            training_s = self.elapsed_s - line_s
            due = self.elapsed_s - last_save_s > 60 * options.checkpoint_minutes or self.share >= 1
            if due:
                held_out = held_out or validation_batches(self.plan)
                self._validate(held_out)
                self.save()
                last_save_s = self.elapsed_s
            if due or self.step % options.log_steps == 0:
                speed = len(losses) * len(batch.crops) / max(1e-9, training_s)
                progress = TrainingProgress(
                    step=self.step,
                    share=self.share,
                    elapsed_s=self.elapsed_s,
                    loss=float(np.mean(losses)),
                    pictures_per_s=speed,
                    store_size=batch.store_size,
                    figures=self.figures,
                )
                losses, line_s = [], time.monotonic() - begin
                self._log(progress, with_figures=due)
                if options.threads is None:
                    torch.set_num_threads(fitting_threads(used=torch.get_num_threads()))
                if not np.isfinite(progress.loss):
                    raise InputError("the loss is no longer finite; lower --learning-rate", source=self.out)
                if report is not None:
                    report(progress)

    def _step(self, batch: Batch) -> float:
        options = self.options
        share = learning_rate_share(self.share, warm_up=options.warm_up, final=options.final_rate)
        return self.step_at(batch, (options.learning_rate or 0.0) * share)

    def step_at(self, batch: Batch, rate: float) -> float:
        """One step at a learning rate; returns the loss before it."""
        options, device = self.options, self.options.device
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        # rows of an interleaved picture are channels-last memory already
        crops = torch.from_numpy(batch.crops).to(device).permute(0, 3, 1, 2).float().div_(255)
        points = torch.from_numpy(batch.points).to(device)
        presence = torch.from_numpy(batch.presence).to(device)
        self.network.train()
        with torch.autocast(device, torch.bfloat16, enabled=options.half_precision):
            output = self.network(crops)
        loss = self.objective(output, points, presence)
        loss = loss + options.presence_weight * presence_loss(output.presence, presence)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        parameters = [*self.network.parameters(), *self.objective.parameters()]
        norm = torch.nn.utils.clip_grad_norm_(parameters, options.largest_gradient)
        if torch.isfinite(norm):  # one broken batch must not spoil the weights
            self.optimiser.step()
            self.average.update(self.network)
        return float(loss.detach())

    def _standardise(self) -> None:
        """Tell the networks what turns σ̂ into a standard deviation, where the loss has learnt that."""
        log_sigma = self.objective.residual_log_sigma()
        if log_sigma is not None:
            for network in (self.network, self.average.network):
                network.get_buffer("residual_log_sigma").copy_(log_sigma)

    def _validate(self, held_out: dict[str, Batch]) -> None:
        self._standardise()
        face = self.plan.layout.face
        self.figures = {
            name: asdict(
                evaluate(
                    self.average.network,
                    batch,
                    face,
                    device=self.options.device,
                    half_precision=self.options.half_precision,
                )
            )
            for name, batch in held_out.items()
        }

    def _log(self, progress: TrainingProgress, *, with_figures: bool) -> None:
        line = asdict(progress) | {"learning_rate": self.optimiser.param_groups[0]["lr"]}
        if not with_figures:
            del line["figures"]
        with (self.out / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
