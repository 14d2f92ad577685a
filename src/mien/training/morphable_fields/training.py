"""The training of morphable models: what they learn and how."""

from __future__ import annotations

import itertools
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from mien.heads.library import load_head
from mien.learning.checkpoints import CHECKPOINT_NAME, Checkpoint, averaged, read_checkpoint
from mien.learning.devices import bfloat16, choose_device
from mien.learning.flat_settings import flat_settings
from mien.learning.learner import network_learner
from mien.learning.schedule import CosineSchedule
from mien.learning.trainer import network_trainer, start_network_training
from mien.learning.training import Training, TrainingState
from mien.morphable_fields.code_rays import BEFORE_M, BEHIND_M, gather_rays, resampled, stratified
from mien.morphable_fields.model_files import checked_model_settings
from mien.morphable_fields.models import (
    CENTRE_M,
    HALF_M,
    CodeModel,
    MorphableModel,
    SurfaceModel,
    make_model,
)
from mien.progress import ProgressReport, silent
from mien.synthetic.expressions import basic_expressions
from mien.synthetic.expressive_people.pictures import LEARNED, ExpressivePeople, read_people
from mien.training.morphable_fields import surface_samples
from mien.training.morphable_fields.config import MorphableTrainingConfig
from mien.training.morphable_fields.picture_rays import PictureRays
from mien.training.morphable_fields.surface_samples import SurfaceSamples, collect_samples, textures_of

KIND = "morphable-field"
COMMAND = "mien train morphable-field"
RAYS_EACH = 768
"""Rays of every picture that model (d) learns from."""


def train_morphable_field(
    config: MorphableTrainingConfig,
    *,
    out: str | Path,
    resume: bool = False,
    report: ProgressReport = silent,
) -> Checkpoint:
    """Train a model; returns its last checkpoint, also in `out`/checkpoint.pt.

    An interruption (Ctrl-C) saves a checkpoint, then raises KeyboardInterrupt.

    Raises:
        InputError: no pictures, no checkpoint to resume, or the loss is no longer finite.
    """
    folder = start_network_training(config.training, out, resume=resume)
    device = choose_device(config.training.device)
    people = read_people(config.people)
    checkpoint = read_checkpoint(folder / CHECKPOINT_NAME, kind=KIND, command=COMMAND) if resume else None
    training: Training[None]
    if config.model == "surface":
        training = SurfaceTraining(config, people, device, report=report)
    else:
        training = CodeTraining(config, people, device, report=report)
    trainer = network_trainer(training, config.training, folder=folder, report=report)
    if checkpoint is not None:
        trainer.resume(checkpoint)
    trainer.run(itertools.repeat(None))
    return trainer.checkpoint()


def trained_model(checkpoint: Checkpoint) -> MorphableModel:
    """The model with averaged weights, ready to make fields."""
    kind, config = checked_model_settings(checkpoint.plain, source=checkpoint.source)
    return averaged(checkpoint, lambda: make_model(kind, asdict(config)))


class _ModelTraining(Training[None]):
    """What both kinds share: a model, its learner, and where random numbers stand."""

    kind: ClassVar[str] = KIND

    def __init__(
        self,
        config: MorphableTrainingConfig,
        model: MorphableModel,
        people: ExpressivePeople,
        device: torch.device,
    ) -> None:
        learned = people.of_kind(LEARNED)
        self._data = {"pictures": len(learned), "people": len(np.unique(people.person[learned]))}
        self.config, self.model, self.device = config, model.to(device), device
        self.batch_size = config.rays
        self.learner = network_learner(model, config.training)
        self.schedule = CosineSchedule(config.training)
        self._generator = torch.Generator(device).manual_seed(config.training.seed)

    def prepare(self, step: int, elapsed_s: float) -> None:
        # The same batches whenever it was interrupted
        self._generator.manual_seed(self.config.training.seed * 1_000_003 + step)

    def state(self) -> TrainingState:
        settings: Any = self.model.config
        return TrainingState(
            settings=flat_settings(self.config),
            plain={"model": self.model.kind, "settings": asdict(settings), **self._data},
        )

    def facts(self, losses: Any) -> dict[str, float]:
        return {"psnr": float(-10 * np.log10(max(losses["squared"], 1e-9)))}

    def _background(self, count: int) -> Tensor:
        return torch.rand((count, 3), generator=self._generator, device=self.device)


class SurfaceTraining(_ModelTraining):
    """Model (d) on samples that were placed on known meshes beforehand."""

    def __init__(
        self,
        config: MorphableTrainingConfig,
        people: ExpressivePeople,
        device: torch.device,
        *,
        report: ProgressReport = silent,
    ) -> None:
        super().__init__(config, SurfaceModel(config.surface), people, device)
        head = load_head()
        rays = PictureRays(people, head, kind=LEARNED, device=device, report=report)
        self._textures = textures_of(people, device)
        self._samples: SurfaceSamples = collect_samples(
            people,
            head,
            rays,
            rays_each=RAYS_EACH,
            samples=config.samples,
            near_landmarks=config.near_landmarks,
            seed=config.training.seed,
            report=report,
        )
        self._step_m = (surface_samples.BEFORE_M + surface_samples.BEHIND_M) / config.samples

    def losses(self, batch: None) -> dict[str, Tensor]:
        rows = torch.randint(
            len(self._samples), (self.config.rays,), generator=self._generator, device=self.device
        )
        some = self._samples.at(rows)
        network = self._network()
        codes = network.code_of(self._textures)[some.person].repeat_interleave(self.config.samples, dim=0)
        directions = some.directions.repeat_interleave(self.config.samples, dim=0)
        texels = some.texels.flatten(0, 1).float() / 255
        density, color = network(some.places(), directions, texels, codes)
        optical = density.reshape(-1, self.config.samples) * self._step_m
        before = torch.cumsum(optical, dim=1) - optical
        weights = torch.exp(-before) * -torch.expm1(-optical)
        rgb = (weights[..., None] * color.reshape(*weights.shape, 3)).sum(dim=1)
        losses = _picture_losses(rgb, weights.sum(dim=1), some.rgba, self._background(len(rows)))
        plane = network.plane
        rough = plane.diff(dim=2).square().mean() + plane.diff(dim=3).square().mean()
        return {**losses, "loss": losses["loss"] + self.config.smoothness * rough}

    def _network(self) -> Any:
        assert isinstance(self.model, SurfaceModel)
        return self.model.network


class CodeTraining(_ModelTraining):
    """Models (a), (b) and (c): coarse and fine network on rays of a few pictures at a time."""

    def __init__(
        self,
        config: MorphableTrainingConfig,
        people: ExpressivePeople,
        device: torch.device,
        *,
        report: ProgressReport = silent,
    ) -> None:
        model = CodeModel(config.code_networks)
        head = load_head()
        basic = np.stack([expression.weights for expression in basic_expressions(head)])
        model.basic.copy_(torch.from_numpy(basic))
        super().__init__(config, model, people, device)
        self._rays = PictureRays(people, head, kind=LEARNED, device=device, report=report)
        person = people.person[self._rays.indices]
        self._person = torch.from_numpy(person).to(device)
        self._identity = torch.from_numpy(people.identity[person]).float().to(device)
        number = torch.from_numpy(people.expression_number[self._rays.indices])
        self._expressions = nn.functional.one_hot(number, len(basic)).float().to(device)
        self._textures = textures_of(people, device)
        self._centre_m = torch.tensor(CENTRE_M, device=device)

    def losses(self, batch: None) -> dict[str, Tensor]:
        config, model, generator = self.config, self.model, self._generator
        assert isinstance(model, CodeModel)
        pictures = torch.randint(len(self._rays), (config.pictures,), generator=generator, device=self.device)
        drawn = self._rays.draw(
            pictures,
            config.rays // config.pictures,
            near_landmarks=config.near_landmarks,
            generator=generator,
        )
        near_m, far_m = drawn.hit_m - BEFORE_M, drawn.hit_m + BEHIND_M
        background = self._background(len(near_m))
        with bfloat16(self.device, enabled=config.training.half_precision):
            codes = model.codes(
                self._textures[self._person[pictures]],
                self._rays.landmarks_m[pictures],
                self._identity[pictures],
                self._expressions[pictures],
            ).at(drawn.picture)
            space = {"centre_m": self._centre_m, "half_m": HALF_M}
            first = stratified(near_m, far_m, config.samples, generator)
            coarse = gather_rays(model.coarse, drawn.rays, first, far_m, codes, **space)
            second = resampled(coarse, near_m, far_m, config.samples, generator)
            fine = gather_rays(model.fine, drawn.rays, second, far_m, codes, **space)
        rough = _picture_losses(coarse.rgb, coarse.alpha, drawn.rgba, background)
        sharp = _picture_losses(fine.rgb, fine.alpha, drawn.rgba, background)
        return {"loss": rough["loss"] + sharp["loss"], "squared": sharp["squared"]}


def _picture_losses(
    rgb: Float[Tensor, "r 3"],
    alpha: Float[Tensor, " r"],
    rgba: Float[Tensor, "r 4"],
    background: Float[Tensor, "r 3"],
) -> dict[str, Tensor]:
    """Squared error over a random background, and of alpha."""
    seen = rgb + (1 - alpha[:, None]) * background
    wanted = rgba[:, :3] + (1 - rgba[:, 3:]) * background
    squared = ((seen - wanted) ** 2).mean()
    opacity = ((alpha - rgba[:, 3]) ** 2).mean()
    return {"loss": squared + 0.1 * opacity, "squared": squared.detach()}
