"""The training of the landmark network: batches in, checkpoints and a log out, exactly resumable."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mien.datasets.crops.batches import BatchPlan, CropBatch
from mien.datasets.crops.feeder import FeederConfig, feed
from mien.datasets.crops.shards import mean_layout
from mien.errors import InputError
from mien.files import write_text
from mien.heads.landmark_sets import opening_pairs
from mien.heads.library import load_head
from mien.heads.mesh_hierarchy.hierarchy import build_hierarchy
from mien.heads.mesh_hierarchy.triangulation import LandmarkMesh, landmark_mesh
from mien.learning.learning_rate_test import range_test
from mien.learning.threads import fitting_threads
from mien.learning.trainer import TrainingConfig, TrainingProgress, TrainingRun, start_folder
from mien.training.landmarks.checkpoints import Checkpoint, load_checkpoint
from mien.training.landmarks.losses import LOSSES, LandmarkObjective, presence_loss
from mien.training.landmarks.networks import LandmarkNetwork, LandmarkNetworkConfig
from mien.training.landmarks.validation import evaluate, validation_batches


@dataclass(frozen=True)
class LandmarkTrainingConfig(TrainingConfig):
    """How a landmark network is trained. A learning rate of None is found with a range test."""

    loss: str = "gaussian"
    """Landmark loss: one of `losses.LOSSES`."""
    edge_weight: float = 0.0
    """Weight of the vertex–edge loss beside it."""
    opening_weight: float = 0.0
    """Weight of the same loss over pairs across lids and lips, which keeps blinks."""
    presence_weight: float = 0.3
    """Weight of the presence loss."""
    initial: Path | None = None
    """Checkpoint whose weights the network starts from, wherever names and shapes agree: another set, crop
    size or decoder may be wanted now, the backbone stays."""


def train(
    plan: BatchPlan,
    network_config: LandmarkNetworkConfig,
    options: LandmarkTrainingConfig,
    *,
    out: str | Path,
    resume: bool = False,
    feeder: FeederConfig | None = None,
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
    path = start_folder(out, resume=resume)
    feeder = feeder or FeederConfig()
    torch.set_num_threads(options.threads or fitting_threads(used=0))
    torch.manual_seed(plan.seed)
    if mesh is None and (options.edge_weight or network_config.decoder == "spiral"):
        mesh = landmark_mesh(plan.layout.set_name)
    run = _LandmarkRun(plan, options, path.parent, mesh)
    if resume:
        run.resume(load_checkpoint(path))
    batches = feed(plan, feeder, first_step=run.step)
    try:
        coming = iter(batches)
        if not resume:
            first = next(batches)
            mean_points = _mean_points(plan, first)
            if options.learning_rate is None:
                run.find_learning_rate(network_config, mean_points, feeder)
            run.start(network_config, mean_points)
            coming = itertools.chain([first], batches)
        run.train(coming, report)
    finally:
        batches.close()
    return run.checkpoint()


def _mean_points(plan: BatchPlan, first: CropBatch) -> np.ndarray:
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


class _LandmarkRun(TrainingRun[CropBatch]):
    """State of one training of the landmark network."""

    options: LandmarkTrainingConfig
    network: LandmarkNetwork
    objective: LandmarkObjective

    def __init__(
        self, plan: BatchPlan, options: LandmarkTrainingConfig, out: Path, mesh: LandmarkMesh | None
    ) -> None:
        super().__init__(options, out)
        self.plan, self.mesh = plan, mesh
        self._held_out: dict[str, CropBatch] = {}

    def start(self, config: LandmarkNetworkConfig, mean_points: np.ndarray) -> None:
        """Begin with a new network whose answer is the mean face."""
        hierarchy = None
        config = replace(config, sigma=LOSSES.get(self.options.loss, "bounded"))
        if config.decoder == "spiral" and self.mesh is not None:
            hierarchy = build_hierarchy(self.mesh, spiral_length=config.spiral_length)
            config = replace(config, mesh_sizes=hierarchy.sizes)
        network = LandmarkNetwork(config, mean_points=mean_points, hierarchy=hierarchy)
        if self.options.initial is not None:
            _start_from(network, load_checkpoint(self.options.initial), self.options.initial)
        self._begin(network)

    def find_learning_rate(
        self, config: LandmarkNetworkConfig, mean_points: np.ndarray, feeder: FeederConfig
    ) -> None:
        """Set the peak learning rate by a range test on a network that is then thrown away."""
        few = replace(self.plan, max_pictures=min(self.plan.max_pictures, 2000), seed=self.plan.seed + 1)
        coming = feed(few, replace(feeder, processes=0))
        batches = list(itertools.islice(coming, 12))
        coming.close()
        with torch.random.fork_rng(devices=[]):
            trial = _LandmarkRun(self.plan, self.options, self.out, self.mesh)
            trial.start(config, mean_points)
            test = range_test(lambda batch, rate: trial.step_at(batch, rate)["loss"], batches)
        write_text(self.out / "learning_rate_test.json", json.dumps(asdict(test)) + "\n")
        self.options = replace(self.options, learning_rate=test.suggestion)

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go on where a checkpoint was taken.

        Raises:
            InputError: it is of another landmark set or another loss.
        """
        options, trained = self.options, checkpoint.training
        if checkpoint.set_name != self.plan.layout.set_name:
            raise InputError(
                f"was trained for {checkpoint.set_name}, not {self.plan.layout.set_name}", source=self.path
            )
        if checkpoint.network_config.sigma != LOSSES.get(options.loss):
            raise InputError(f"was trained with --loss {trained['loss']}; resume with it", source=self.path)
        if options.learning_rate is None:
            self.options = replace(options, learning_rate=trained["learning_rate"])
        self._begin(LandmarkNetwork(checkpoint.network_config))
        self.restore(checkpoint)
        self.samples = checkpoint.pictures
        self.objective.load_state_dict(checkpoint.objective)
        torch.set_rng_state(checkpoint.random_state)

    def _begin(self, network: LandmarkNetwork) -> None:
        options, layout = self.options, self.plan.layout
        openings = opening_pairs(load_head(), layout.set_name) if options.opening_weight else None
        self.objective = LandmarkObjective(
            options.loss,
            weights=torch.as_tensor(layout.weights, dtype=torch.float32),
            edges=None if self.mesh is None else torch.from_numpy(self.mesh.edges),
            edge_weight=options.edge_weight,
            openings=None if openings is None else torch.from_numpy(openings),
            opening_weight=options.opening_weight,
        ).to(options.device)
        self.begin(network, own_parameters=self.objective.parameters())

    def losses(self, batch: CropBatch) -> dict[str, Tensor]:
        options, device = self.options, self.options.device
        # rows of an interleaved picture are channels-last memory already
        crops = torch.from_numpy(batch.crops).to(device).permute(0, 3, 1, 2).float().div_(255)
        points = torch.from_numpy(batch.points).to(device)
        presence = torch.from_numpy(batch.presence).to(device)
        with torch.autocast(device, torch.bfloat16, enabled=options.half_precision):
            output = self.network(crops)
        landmarks = self.objective(output, points, presence)
        return {"loss": landmarks + options.presence_weight * presence_loss(output.presence, presence)}

    def validate(self) -> dict[str, dict[str, float]]:
        self._standardise()
        self._held_out = self._held_out or validation_batches(self.plan)
        face, options = self.plan.layout.face, self.options
        return {
            name: asdict(
                evaluate(
                    self.average.network,
                    batch,
                    face,
                    device=options.device,
                    half_precision=options.half_precision,
                )
            )
            for name, batch in self._held_out.items()
        }

    def checkpoint(self) -> Checkpoint:
        self._standardise()
        training = asdict(self.options) | {"seed": self.plan.seed, "batch": self.plan.batch}
        training["initial"] = self.options.initial and self.options.initial.name
        training["augmentation"] = self.plan.options.clean_share < 1
        training["crop_scale"] = self.plan.options.warp.crop_scale
        return Checkpoint(
            **self.state(),
            network_config=self.network.config,
            set_name=self.plan.layout.set_name,
            pictures=self.samples,
            training=training | {"data": [folder.name for folder in self.plan.directories]},
            random_state=torch.get_rng_state(),
            objective=self.objective.state_dict(),
        )

    def _standardise(self) -> None:
        """Tell the networks what turns σ̂ into a standard deviation, where the loss has learnt that."""
        log_sigma = self.objective.residual_log_sigma()
        if log_sigma is not None:
            for network in (self.network, self.average.network):
                network.get_buffer("residual_log_sigma").copy_(log_sigma)
