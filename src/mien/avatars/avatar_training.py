"""How an avatar learns: the canonical field alone, then with what moves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from mien.avatars import losses as terms
from mien.avatars.config import AvatarConfig
from mien.avatars.frames import AvatarFrames
from mien.avatars.model import AvatarModel, Moments
from mien.fields.grids.occupancy import Occupancy
from mien.fields.rendering.rays import Rays
from mien.learning.checkpoints import Checkpoint
from mien.learning.flat_settings import flat_settings
from mien.learning.learner import Learner
from mien.learning.training import Training, TrainingState

SHARPEN_BETWEEN = (0.2, 0.7)
"""Shares of the training between which densities are raised."""
NARROW_AT = (0.14, 0.25, 0.4, 0.6)
"""Shares after which cells where nothing has been seen are no longer looked at."""
_SEEN_ALPHA = 2e-3
_LEAST_STEPS = 50
"""Steps whose samples say whether a cell shows nothing."""


class AvatarSchedule:
    """So many steps, or the same course in so many minutes; rates fall geometrically to a tenth."""

    def __init__(self, config: AvatarConfig, *, max_minutes: float | None) -> None:
        self._config, self._max_minutes = config, max_minutes

    def share(self, step: int, elapsed_s: float) -> float:
        time = 0.0 if self._max_minutes is None else elapsed_s / (60 * self._max_minutes)
        return min(1.0, max(step / self._config.steps, time))

    def rate(self, step: int, elapsed_s: float) -> float:
        return 0.1 ** self.share(step, elapsed_s)


class AvatarTraining(Training[None]):
    """An avatar on its way.

    Args:
        frames: those to learn from.
        preview: makes figures of the avatar as it is, with every checkpoint.
    """

    kind: ClassVar[str] = "avatar"

    def __init__(
        self,
        model: AvatarModel,
        frames: AvatarFrames,
        *,
        max_minutes: float | None = None,
        preview: Callable[[AvatarModel], dict[str, float]] | None = None,
    ) -> None:
        self.model, self.frames, self.config = model, frames, model.config
        self.batch_size = self.config.rays
        self.schedule = AvatarSchedule(self.config, max_minutes=max_minutes)
        self.learner = Learner(model, self._groups, fused=True)
        self._preview = preview
        self._device = model.device
        self._generator = torch.Generator(device=self._device).manual_seed(self.config.seed)
        self._order = torch.empty(0, dtype=torch.long, device=self._device)
        self._soft = model.canonical.density_per_activation.clone()
        self._stage, self._narrowed, self._remembered = 0, 0, 0
        self._most_alpha = torch.zeros(model.observed.size**3, device=self._device)
        self._samples_per_ray = 0.0

    def prepare(self, step: int, elapsed_s: float) -> None:
        config, canonical = self.config, self.model.canonical
        done = self.schedule.share(step, elapsed_s)
        self.model.moving = done >= config.pretraining
        self.model.window_progress = min(
            1.0, max(0.0, done - config.pretraining) / max(1e-6, config.encoding_until)
        )
        stage = sum(done >= part for part in config.canonical.upsample_at)
        if stage != self._stage:
            self._stage = stage
            canonical.prune()
            canonical.resample(config.canonical.resolutions[stage])
            self.learner.restart()
        first, last = SHARPEN_BETWEEN
        part = min(1.0, max(0.0, (done - first) / (last - first)))
        canonical.density_per_activation.copy_(self._soft * config.canonical.sharpening**part)
        due = self._narrowed < len(NARROW_AT) and done >= NARROW_AT[self._narrowed]
        if due and self._remembered >= _LEAST_STEPS:
            self._narrowed += 1
            self._narrow()

    def losses(self, batch: None) -> dict[str, Tensor]:
        config, model = self.config, self.model
        chosen = self._next_frames()
        moments = moments_of(model, self.frames, chosen, chosen)
        rays, frame, target, known = self._rays(chosen)
        gathered = model.gather(rays, frame, moments, jitter=self._generator)
        alpha = target[:, 3]
        behind = torch.rand(len(rays), 3, generator=self._generator, device=self._device)
        picture = gathered.rgba[:, :3] + (1 - gathered.rgba[:, 3:]) * behind
        wanted = target[:, :3] * alpha[:, None] + (1 - alpha[:, None]) * behind
        color = terms.color_loss(picture, wanted, known)
        loss = color + config.coverage_weight * (known * (gathered.rgba[:, 3] - alpha).square()).mean()
        loss = loss + config.volume_weights[min(1, self._stage)] * model.canonical.density_grid.sparsity()
        loss = loss + config.code_weight * terms.code_loss(moments)
        if model.moving and config.deformation in ("local", "mesh"):
            loss = loss + config.field_weight * terms.field_loss(
                gathered, alpha, background_factor=config.background_factor, whole=config.paper_literal
            )
            if config.mesh_weight:
                loss = loss + config.mesh_weight * terms.mesh_loss(gathered, alpha)
            if config.local_weight and len(chosen) > 1:
                origins_m = self.frames.origins_m[torch.tensor(chosen, device=self._device)]
                loss = loss + config.local_weight * terms.local_control_loss(
                    model, moments, origins_m, (0, 1)
                )
        self._remember(gathered.samples.coordinates, gathered.weights)
        self._samples_per_ray = len(gathered.samples) / len(rays)
        error = ((picture.detach() - wanted).square() * known[:, None]).sum() / (3 * known.sum())
        return {"loss": loss, "error": error, "color": color.detach()}

    def facts(self, losses: Mapping[str, float]) -> dict[str, float]:
        return {
            "psnr_db": float(-10 * np.log10(max(losses["error"], 1e-12))),
            "resolution": self.model.canonical.resolution,
            "samples_per_ray": self._samples_per_ray,
        }

    def validate(self) -> dict[str, dict[str, float]]:
        return {} if self._preview is None else {"held_out": self._preview(self.model)}

    def state(self) -> TrainingState:
        canonical = self.model.canonical
        plain = {
            "config": asdict(self.config),
            "bounds_m": canonical.bounds_m.tolist(),
            "resolution": canonical.resolution,
            "stage": self._stage,
            "narrowed": self._narrowed,
            "remembered": self._remembered,
            "frames": len(self.frames),
            "source": self.frames.data.source,
        }
        tensors = {
            "occupancy_bits": torch.from_numpy(canonical.occupancy.packed()),
            "observed_bits": torch.from_numpy(self.model.observed.packed()),
            "most_alpha": self._most_alpha,
            "generator": self._generator.get_state(),
            "order": self._order,
            "soft": self._soft,
        }
        return TrainingState(flat_settings(self.config), plain, tensors)

    def load_state(self, checkpoint: Checkpoint) -> None:
        plain, tensors, canonical = checkpoint.plain, checkpoint.tensors, self.model.canonical
        if plain["resolution"] != canonical.resolution:
            canonical.resample(plain["resolution"])
            self.learner.restart()
        size = self.model.observed.size
        canonical.occupancy, self.model.observed = (
            Occupancy.unpacked(tensors[name].numpy(), size).to(self._device)
            for name in ("occupancy_bits", "observed_bits")
        )
        self._most_alpha, self._order, self._soft = (
            tensors[name].to(self._device) for name in ("most_alpha", "order", "soft")
        )
        self._generator.set_state(tensors["generator"])
        self._stage, self._narrowed = plain["stage"], plain["narrowed"]
        self._remembered = plain["remembered"]

    def _groups(self) -> list[dict[str, Any]]:
        model, config = self.model, self.config
        canonical = model.canonical
        grids = [*canonical.density_grid.parameters(), *canonical.color_grid.parameters()]
        known = {id(value) for value in grids}
        networks = [value for value in canonical.parameters() if id(value) not in known]
        moving = [] if model.fields is None else list(model.fields.parameters())
        codes = [model.deformation_codes, model.appearance_codes]
        return [
            {"params": grids, "lr": config.canonical.grid_rate, "weight_decay": 0.0},
            {"params": networks, "lr": config.canonical.network_rate, "weight_decay": 0.0},
            {"params": [*moving, *codes], "lr": config.field_rate, "weight_decay": 0.0},
        ]

    def _next_frames(self) -> list[int]:
        count = min(self.config.frames_per_step, len(self.frames))
        while len(self._order) < count:
            more = torch.randperm(len(self.frames), generator=self._generator, device=self._device)
            self._order = torch.cat([self._order, more])
        chosen, self._order = self._order[:count], self._order[count:]
        return sorted(set(chosen.tolist()), key=chosen.tolist().index)

    def _rays(self, chosen: list[int]) -> tuple[Rays, Tensor, Tensor, Tensor]:
        """Rays of some frames, the row of each, its pixel's colour and alpha, how surely known."""
        each = max(1, self.config.rays // len(chosen))
        origins, directions, colors, known = [], [], [], []
        for number in chosen:
            special, usual = self.frames.features[number], self.frames.pixels[number]
            count = round(each * self.config.feature_share) if len(special) else 0
            pixels = torch.cat([self._some(special, count), self._some(usual, each - count)])
            rays = self.frames.rays(number, pixels)
            origins.append(rays.origins_m)
            directions.append(rays.directions)
            colors.append(self.frames.rgba[number][pixels])
            known.append(self.frames.known[number][pixels])
        counts = torch.tensor([len(one) for one in known], device=self._device)
        return (
            Rays(torch.cat(origins), torch.cat(directions)),
            torch.arange(len(chosen), device=self._device).repeat_interleave(counts),
            torch.cat(colors).float() / 255,
            torch.cat(known).float() / 255,
        )

    def _some(self, pixels: Tensor, count: int) -> Tensor:
        size = (count if len(pixels) else 0,)
        return pixels[torch.randint(len(pixels), size, generator=self._generator, device=self._device)]

    @torch.no_grad()
    def _remember(self, coordinates: Tensor, weights: Tensor) -> None:
        """What each cell has shown so far."""
        index = self.model.observed.flat_index(coordinates)
        self._most_alpha.scatter_reduce_(0, index, weights.detach(), "amax")
        self._remembered += 1

    def _narrow(self) -> None:
        """Look no longer where nothing was seen since the last time."""
        observed = self.model.observed
        seen = Occupancy((self._most_alpha > _SEEN_ALPHA).view_as(observed.cells)).grown(1)
        self.model.observed = Occupancy(seen.cells & observed.cells)
        self._most_alpha.zero_()
        self._remembered = 0


def moments_of(
    model: AvatarModel, frames: AvatarFrames, chosen: list[int], codes: list[int] | None
) -> Moments:
    """Some frames as moments.

    Args:
        codes: the frames of the training whose codes they take; None: the mean of all.
    """
    rows = torch.tensor(chosen, device=frames.weights.device)
    if codes is None:
        deformation = model.deformation_codes.mean(dim=0, keepdim=True).expand(len(chosen), -1)
        appearance = model.appearance_codes.mean(dim=0, keepdim=True).expand(len(chosen), -1)
    else:
        known = torch.tensor(codes, device=model.device)
        deformation, appearance = model.deformation_codes[known], model.appearance_codes[known]
    return Moments(
        [frames.surfaces[row] for row in chosen],
        frames.weights[rows],
        frames.pose[rows],
        deformation,
        appearance,
    )
