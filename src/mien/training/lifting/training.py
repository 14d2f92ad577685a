"""The training of a lifting network: exactly resumable."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from mien.datasets.encoded_crops import EncodedCrops, read_encoded, read_manifest
from mien.datasets.lifting.encoded_lifts import read_encoded_lifts, read_lift_manifest
from mien.datasets.lifting.labels import PseudoLabels, read_pseudo_labels
from mien.errors import InputError, LandmarkSetError
from mien.heads.landmark_sets import conversion_indices, mirror_indices
from mien.learning import checkpoints
from mien.learning.checkpoints import CHECKPOINT_NAME, Checkpoint
from mien.learning.config import TrainingConfig
from mien.learning.flat_settings import flat_settings
from mien.learning.learner import network_learner
from mien.learning.trainer import network_trainer, start_network_training
from mien.learning.training import Training, TrainingState
from mien.lifting.camera_space import CameraSpace
from mien.progress import ProgressReport, silent
from mien.reading.settings import checked_settings
from mien.training.lifting.batches import LiftingBatch, ViewSamples, lifting_batches
from mien.training.lifting.config import LiftingTrainingConfig, SizedLiftingConfig
from mien.training.lifting.linear_start import start_linear
from mien.training.lifting.losses import multi_frame_loss, multi_view_losses
from mien.training.lifting.network import LiftingNetwork, project, to_sphere_m
from mien.training.lifting.standardisation import standardise
from mien.training.lifting.validation import evaluate

KIND = "lifting"
DECAY = 0.9
_FIRST_DECAYS = 28


@dataclass(frozen=True)
class DecaySchedule:
    """A length in steps or minutes; the rate rises evenly, then falls by a factor so many times.

    First steps may have such a course of their own.
    """

    config: TrainingConfig
    decays: int
    first_steps: int = 0

    def share(self, step: int, elapsed_s: float) -> float:
        config = self.config
        if config.max_steps is not None:
            return min(1.0, step / config.max_steps)
        return min(1.0, elapsed_s / (60 * config.max_minutes))

    def rate(self, step: int, elapsed_s: float) -> float:
        decays, warm_up = self.decays, self.config.warm_up
        if step < self.first_steps:
            share, decays = step / self.first_steps, _FIRST_DECAYS
        else:
            begin = 0.0
            if self.first_steps and self.config.max_steps is not None:
                begin = self.first_steps / self.config.max_steps
            share = (self.share(step, elapsed_s) - begin) / max(1 - begin, 1e-9)
        if share < warm_up:
            return max(share / warm_up, 0.02)
        return DECAY ** int(decays * share)


def train_lifting(
    config: LiftingTrainingConfig,
    *,
    out: str | Path,
    resume: bool = False,
    report: ProgressReport = silent,
) -> Checkpoint:
    """Train a lifting network; returns its last checkpoint, also in `out`/checkpoint.pt.

    `out`/log.jsonl grows.

    An interruption (Ctrl-C) saves a checkpoint, then raises KeyboardInterrupt.

    Raises:
        InputError: no data, no checkpoint to resume, or the loss is no longer finite.
    """
    folder = start_network_training(config.training, out, resume=resume)
    if not config.views and not config.frames:
        raise InputError("needs --views, --frames or both", source="mien train lifting")
    data = _Data.read(config)
    checkpoint = read_checkpoint(folder / CHECKPOINT_NAME) if resume else None
    if checkpoint is not None:
        network = LiftingNetwork(network_config(checkpoint))
    else:
        network = data.fresh_network(config)
    training = LiftingTraining(config, network, data)
    trainer = network_trainer(training, config.training, folder=folder, report=report)
    if checkpoint is not None:
        trainer.resume(checkpoint)
    trainer.run(
        lifting_batches(
            data.views,
            data.frames,
            batch=config.batch,
            first_batch=config.summary_batch,
            first_steps=config.summary_steps,
            seed=config.training.seed,
            first_step=trainer.step,
        )
    )
    return trainer.checkpoint()


@dataclass(frozen=True, eq=False)
class _Data:
    """What is learned from."""

    labels: PseudoLabels
    views: ViewSamples | None
    held_out: ViewSamples | None
    frames: EncodedCrops | None
    manifest: dict[str, Any]

    @staticmethod
    def read(config: LiftingTrainingConfig) -> _Data:
        labels = read_pseudo_labels(config.labels)
        pixels = config.network.encoder != "face-mesh"
        views = held_out = frames = None
        manifest: dict[str, Any] = {}
        count = len(labels.latents)
        if config.views:
            all_views = [read_lift_manifest(folder) for folder in config.views]
            manifest = {**all_views[0], "views": [one for each in all_views for one in each["views"]]}
            lifts = read_encoded_lifts(config.views)
            kept = max(1, count - config.held_out)
            used = slice(0, kept if config.latents is None else min(kept, config.latents))
            mirror = mirror_of(labels.set_name)
            views = ViewSamples(lifts, _some(labels, used), mirror=mirror, pixels=pixels)
            held_out = ViewSamples(lifts, _some(labels, slice(kept, None)), mirror=mirror, pixels=pixels)
            if not len(views):
                raise InputError("none of the crops belongs to a labelled latent", source=config.labels)
        if config.frames:
            if pixels:
                raise InputError("video frames are kept as frozen encoders see them", source="--frames")
            own = read_manifest(config.frames[0])
            encoders = [encoder.name for encoder in own.encoders]
            if manifest and encoders != manifest["encoders"]:
                raise InputError("were made by other encoders than the views", source=config.frames[0])
            indices = (
                conversion_indices(own.set_name, labels.set_name) if own.set_name != labels.set_name else None
            )
            frames = read_encoded(config.frames, part="train", indices=indices)
            pictures = [one for folder in config.frames for one in read_manifest(folder).pictures]
            if config.latents is not None:
                frames = frames.rows(slice(0, 4 * config.latents))
            manifest = manifest or {
                "encoders": encoders,
                "points": sum(encoder.points for encoder in own.encoders),
                "first_points": own.encoders[0].points,
                "features": sum(encoder.features for encoder in own.encoders),
                "maps": own.maps,
            }
            manifest = {**manifest, "frames": pictures}
        return _Data(labels, views, held_out, frames, manifest)

    def fresh_network(self, config: LiftingTrainingConfig) -> LiftingNetwork:
        space = self.space()
        manifest = self.manifest
        maps = manifest.get("maps") or [[128, 3, 3]] * (manifest["features"] // 1152)
        network = LiftingNetwork(
            SizedLiftingConfig(
                **asdict(config.network),
                landmarks=len(self.labels.template_m),
                points=manifest["points"],
                first_points=manifest["first_points"],
                depth=self._depth(),
                maps=tuple((int(c), int(h), int(w)) for c, h, w in maps),
                focal=space.focal,
                radius_m=space.radius_m,
                look_at_m=space.look_at_m,
            )
        )
        network.template_m.copy_(torch.from_numpy(np.nan_to_num(self.labels.template_m)))
        if config.network.encoder == "face-mesh":
            points, features, distance_m = [], [], None
            if self.views is not None:
                lifts = self.views.lifts
                points.append(lifts.points)
                features.append(lifts.features)
                at_m = self.views.rotation @ np.array(space.look_at_m, np.float32) + self.views.translation_m
                distance_m = at_m[:, 2]
            elif self.frames is not None:
                present = self.frames.presence > 0.5
                points.append(self.frames.points[present])
                features.append(self.frames.features[present])
            standardise(network, points[0], features[0], distance_m)
            if self.views is not None:
                start_linear(network, self.views)
        return network

    def _depth(self) -> bool:
        """Whether the encoders say how deep points lie."""
        if self.views is not None:
            return bool(np.any(self.views.lifts.points[..., 2]))
        return self.frames is None or bool(np.any(self.frames.points[..., 2]))

    def space(self) -> CameraSpace:
        """Cameras of the views, or the usual ones."""
        for manifest in self.manifest.get("views", []):
            cameras = dict(manifest["cameras"])
            cameras["look_at_m"] = tuple(cameras["look_at_m"])
            return CameraSpace(**cameras)
        return CameraSpace()


def _some(labels: PseudoLabels, chosen: slice) -> PseudoLabels:
    from dataclasses import replace

    names = ("latents", "points_m", "rms_px", "views", "exact_m", "common_from_world")
    return replace(labels, **{name: getattr(labels, name)[chosen] for name in names})


def mirror_of(set_name: str) -> np.ndarray | None:
    """Partners of a known set's landmarks; None for a set that the head does not have."""
    try:
        return np.asarray(mirror_indices(set_name))
    except LandmarkSetError:
        return None


class LiftingTraining(Training[LiftingBatch]):
    """A lifting network, its losses and its validation."""

    kind: ClassVar[str] = KIND

    def __init__(self, config: LiftingTrainingConfig, network: LiftingNetwork, data: _Data) -> None:
        self.config, self.network, self._data = config, network, data
        self.batch_size = config.batch * ((data.views is not None) + (data.frames is not None))
        self._normals = torch.from_numpy(np.nan_to_num(data.labels.normals).astype(np.float32))
        self.learner = network_learner(network, config.training)
        self.schedule = DecaySchedule(config.training, config.decays, config.summary_steps)

    def prepare(self, step: int, elapsed_s: float) -> None:
        decoding = step >= self.config.summary_steps
        self.network.decoding = decoding
        if self.config.summary_steps:
            # a start that is good already would be lost to the first steps of a decoder that is not
            self.network.learn_beside(not decoding)

    def losses(self, batch: LiftingBatch) -> dict[str, Tensor]:
        loss, losses, total = self.config.loss, {}, torch.zeros(())
        sizes = self.network.config
        if batch.views is not None:
            views = batch.views
            sphere_m = to_sphere_m(views.rotation, self.network.look_at_m, sizes.radius_m)
            parts = multi_view_losses(
                self.network(*views.inputs),
                points_m=views.points_m,
                known=views.known,
                rotation=views.rotation,
                shift_m=views.translation_m - sphere_m,
                points=project(views.points_m, views.rotation, views.translation_m, focal=sizes.focal),
            )
            total = (
                loss.points_weight * parts["points"]
                + loss.shift_weight * parts["shift"]
                + loss.likelihood_weight * parts["likelihood"]
                + loss.rotation_weight * parts["rotation"]
            )
            losses |= parts
        if batch.frames is not None:
            frames = batch.frames
            of_frames = multi_frame_loss(
                self.network(*frames.inputs),
                points=frames.points,
                present=frames.present,
                normals=self._normals,
                facing=loss.facing,
            )
            losses["frames"] = of_frames
            total = total + loss.frames_weight * of_frames
        return {"loss": total, **losses}

    def validate(self) -> dict[str, dict[str, float]]:
        assert self.learner.average is not None
        network = self.learner.average.network
        assert isinstance(network, LiftingNetwork)
        network.decoding = self.network.decoding
        held_out = self._data.held_out
        return {} if held_out is None or not len(held_out) else evaluate(network, held_out)

    def state(self) -> TrainingState:
        return TrainingState(
            settings=flat_settings(self.config),
            plain={
                "network": asdict(self.network.config),
                "set_name": self._data.labels.set_name,
                "detector": self._data.labels.detector,
                "latents": len(self._data.labels.latents),
                "normals": self._normals.tolist(),
                "encoded": self._data.manifest,
            },
        )


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint; no code in the file is executed.

    Raises:
        InputError: see `mien.learning.checkpoints.read_checkpoint`.
    """
    return checkpoints.read_checkpoint(path, kind=KIND, command="mien train lifting")


def network_config(checkpoint: Checkpoint) -> SizedLiftingConfig:
    """The architecture."""
    return checked_settings(
        SizedLiftingConfig,
        checkpoint.plain.get("network"),
        source=checkpoint.source,
        what="network",
        ranges={"blocks": (0, 100)},
    )


def averaged_network(checkpoint: Checkpoint) -> LiftingNetwork:
    """The network with averaged weights, ready to answer."""
    return checkpoints.averaged(checkpoint, lambda: LiftingNetwork(network_config(checkpoint)))
