"""The training of the face search: resumable, with a log of figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from mien.datasets.search_scenes.batches import SceneBatch, ScenePlan, batches_ahead
from mien.datasets.search_scenes.scenes import SearchScene
from mien.learning.threads import fitting_threads
from mien.learning.trainer import TrainingConfig, TrainingProgress, TrainingRun, start_folder
from mien.training.search.checkpoints import SearchCheckpoint, load_checkpoint
from mien.training.search.losses import center_loss, geometry_loss
from mien.training.search.network import SearchNetwork, SearchNetworkConfig
from mien.training.search.validation import evaluate, validation_scenes


@dataclass(frozen=True)
class SearchTraining(TrainingConfig):
    """How a search network is trained."""

    max_minutes: float = 15.0
    """Length of the training, minutes; the learning rate follows the share that has passed."""
    learning_rate: float = 3e-3
    """Peak learning rate of AdamW."""
    weight_decay: float = 0.02
    """Weight decay of AdamW."""
    warm_up: float = 0.05
    """Share of the training in which the learning rate rises."""
    average_decay: float = 0.995
    """Share that the running average of the weights keeps per step."""
    log_steps: int = 20
    """Steps between lines of the log."""
    geometry_weight: float = 1.0
    """Weight of the geometry loss against the focal loss."""


def train_search(
    plan: ScenePlan,
    options: SearchTraining,
    *,
    out: str | Path,
    config: SearchNetworkConfig | None = None,
    resume: bool = False,
    report: Callable[[TrainingProgress], None] | None = None,
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
    path = start_folder(out, resume=resume)
    torch.set_num_threads(options.threads or fitting_threads(used=0))
    torch.manual_seed(plan.seed)
    run = _SearchRun(plan, options, path.parent)
    if resume:
        checkpoint = load_checkpoint(path)
        run.begin(SearchNetwork(checkpoint.network_config))
        run.restore(checkpoint)
    else:
        run.begin(SearchNetwork(config))
    store = plan.open_store()
    store.refresh()
    if not len(store):
        raise store.folders.nothing_there()
    with batches_ahead(plan, store, first_step=run.step) as batches:
        run.train(batches, report)
    return run.checkpoint()


class _SearchRun(TrainingRun[SceneBatch]):
    """State of one training of the search network."""

    options: SearchTraining
    network: SearchNetwork

    def __init__(self, plan: ScenePlan, options: SearchTraining, out: Path) -> None:
        super().__init__(options, out)
        self.plan = plan
        self._held_out: list[SearchScene] = []

    def losses(self, batch: SceneBatch) -> dict[str, Tensor]:
        device = self.options.device
        pictures = torch.from_numpy(batch.pictures).to(device).permute(0, 3, 1, 2).float().div_(255)
        heat, weight, geometry, geometry_weight = (
            torch.from_numpy(each).to(device)
            for each in (batch.heat, batch.weight, batch.geometry, batch.geometry_weight)
        )
        with torch.autocast(device, torch.bfloat16, enabled=self.options.half_precision):
            output = self.network(pictures)
        center = center_loss(output.score[:, 0], heat, weight)
        shape = geometry_loss(output.geometry, geometry, geometry_weight)
        return {"loss": center + self.options.geometry_weight * shape, "center_loss": center}

    def validate(self) -> dict[str, dict[str, float]]:
        self._held_out = self._held_out or validation_scenes(self.plan)
        if not self._held_out:
            return {}
        figures = evaluate(self.average.network, self._held_out, device=self.options.device)
        return {"scenes": asdict(figures)}

    def checkpoint(self) -> SearchCheckpoint:
        training = asdict(self.options) | {"seed": self.plan.seed, "batch": self.plan.batch}
        training |= {"scenes": asdict(self.plan.options)}
        return SearchCheckpoint(
            **self.state(),
            network_config=self.network.config,
            training=training | {"data": [folder.name for folder in self.plan.directories]},
        )
