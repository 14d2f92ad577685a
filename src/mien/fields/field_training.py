"""What a radiance field learns and how: its loss on rays, its resolutions, its ever harder densities."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from mien.cameras import Camera
from mien.errors import InputError
from mien.fields.config import FieldConfig
from mien.fields.grids.occupancy import Occupancy
from mien.fields.picture_corrections import PictureCorrections
from mien.fields.posed_images import PosedImages
from mien.fields.radiance_field import RadianceField
from mien.fields.ray_pool import RayPool
from mien.fields.rendering.ray_marching import add_up, march, spread, weights_of
from mien.fields.rendering.rays import Rays, cross_box
from mien.learning.checkpoints import Checkpoint
from mien.learning.flat_settings import flat_settings
from mien.learning.learner import Learner
from mien.learning.training import Training, TrainingState

FAINT = 1e-4
"""Samples with less weight get no colour (TensoRF)."""
OCCUPIED_ALPHA = 1e-3
"""Cells that stay occupied take at least this from a ray that crosses them."""
SHARPEN_BETWEEN = (0.2, 0.8)
"""Fractions of the training between which densities are raised."""
RAMP_FROM = 0.25
"""Fraction of the training from which the distortion loss grows: too early it freezes a wrong surface."""
CHECK_EVERY = 50
"""Steps between looks at the training error, for `FieldConfig.patience` and for reports."""
PRIOR_WEIGHT = 1e-4
"""Of what is believed of exposures and cameras beforehand, against the mean squared error of colours."""
BEFORE_WEIGHT, BEFORE_HEAD_WEIGHT = 0.02, 0.2
"""Of the light that what stands before the box takes; and beside that where the head is surely seen."""
_REFRESH_EVERY = 60


class FieldSchedule:
    """So many steps, at most so many minutes; the rates fall geometrically.

    Args:
        max_minutes: where the steps would take longer, the whole course is gone through in this time.

    Attributes:
        ended: nothing improves any more.
    """

    def __init__(self, config: FieldConfig, *, max_minutes: float | None = None) -> None:
        self._config, self._max_minutes = config, max_minutes
        self.ended = False

    def share(self, step: int, elapsed_s: float) -> float:
        return 1.0 if self.ended else self.done(step, elapsed_s)

    def done(self, step: int, elapsed_s: float) -> float:
        """Share of the training that is over after so many steps and seconds, in [0, 1]."""
        return min(1.0, max(step / self._config.iterations, self._time(elapsed_s)))

    def rate(self, step: int, elapsed_s: float) -> float:
        return self._config.rate_decay ** self.done(step + 1, elapsed_s)

    def stage(self, iteration: int, elapsed_s: float, *, present: int) -> int:
        """Number of the resolution at which an iteration (from 1) is done.

        Args:
            present: that of the iteration before.
        """
        config = self._config
        for number, part in enumerate(config.upsample_at, 1):
            begins = iteration == round(part * config.iterations) or self._time(elapsed_s) >= part
            if begins and number > present:
                present = number
        return present

    def _time(self, elapsed_s: float) -> float:
        return 0.0 if self._max_minutes is None else elapsed_s / (60 * self._max_minutes)


class FieldTraining(Training[None]):
    """A field on its way.

    Args:
        field: new, or another one's copy, with the occupancy it starts from; on its device.
        images: reduced to the size that is trained on.
        max_minutes: see `FieldSchedule`.

    Raises:
        InputError: no ray of any picture crosses the field's box.
    """

    kind: ClassVar[str] = "field"
    schedule: FieldSchedule

    def __init__(
        self, field: RadianceField, images: PosedImages, *, max_minutes: float | None = None
    ) -> None:
        self.field, self.config, self.images = field, field.config, images
        self.pool = RayPool.of(images, field, keep_all=self.config.background == "environment")
        if len(self.pool) == 0:
            raise InputError("no ray of any picture crosses the bounding box", source=images.source or None)
        self.batch_size = max(1, self.config.rays_per_step // self.config.pixel_rays_each_way**2)
        self.corrections = PictureCorrections(
            len(images),
            unit_m=float(field.half_size.mean()),
            exposure=self.config.each_exposure,
            cameras=self.config.refine_cameras,
        ).to(field.device)
        self.learner = Learner(field, self._groups, fused=True)
        self.schedule = FieldSchedule(self.config, max_minutes=max_minutes)
        self._generator = torch.Generator(device=field.device).manual_seed(self.config.seed)
        self._order = torch.empty(0, dtype=torch.long, device=field.device)
        self._soft = field.density_per_activation.clone()
        self._stage, self._changed_at = 0, 0
        self._error, self._best, self._waited = float("nan"), float("inf"), 0
        self._recent: list[Tensor] = []
        self._samples_per_ray = 0.0
        self._warm = field.resolution == self.config.resolutions[-1] and len(self.config.resolutions) == 1
        if self._warm:
            self.pool.refresh(field)

    @property
    def psnr_db(self) -> float:
        """Of the last training rays."""
        recent = self._recent
        return _psnr_db(float(torch.stack(recent).mean()) if recent else self._error)

    def prepare(self, step: int, elapsed_s: float) -> None:
        """The step's resolution, rays and sharpness."""
        iteration = step + 1
        stage = self.schedule.stage(iteration, elapsed_s, present=self._stage)
        if stage != self._stage:
            self._stage, self._changed_at = stage, iteration
            self._change_resolution(self.config.resolutions[stage])
        elif iteration % _REFRESH_EVERY == 0:
            self.pool.refresh(self.field)
        done = self.schedule.done(iteration, elapsed_s)
        self._ramp = max(0.0, done - RAMP_FROM) / (1 - RAMP_FROM)
        self._sharpen(done)

    def losses(self, batch: None) -> dict[str, Tensor]:
        field, config = self.field, self.config
        pixels, side = self._next_pixels(), config.pixel_rays_each_way
        target = self.pool.rgba[pixels].float() / 255
        numbers = self.pool.picture[pixels]
        rays = self.corrections.moved(
            self.pool.through_pixels(pixels, side, self._generator), numbers.repeat_interleave(side**2)
        )
        step_m = field.voxel_m / config.samples_per_voxel
        samples = march(
            rays,
            self.pool.near_m[pixels].repeat_interleave(side**2),
            self.pool.far_m[pixels].repeat_interleave(side**2),
            bounds_m=field.bounds,
            occupancy=field.occupancy,
            step_m=step_m,
            jitter=self._generator,
        )
        count = len(rays)
        density = field.raw_density(samples.coordinates)
        weights, _ = weights_of(density * step_m, samples.ray, count)
        seen = (weights.detach() > FAINT).nonzero()[:, 0]
        ray = samples.ray.index_select(0, seen)
        color = field.raw_color(
            samples.coordinates.index_select(0, seen), rays.directions.index_select(0, ray)
        )
        # A fourth channel of ones adds up to alpha.
        gathered = add_up(
            weights.index_select(0, seen),
            torch.cat([color, torch.ones_like(color[:, :1])], dim=1),
            ray,
            count,
        )
        gathered = gathered.view(len(pixels), side**2, 4).mean(dim=1)
        before = None
        if field.outer is not None:
            before, behind = self._surroundings(pixels)
            inner = gathered[:, :3] + (1 - gathered[:, 3:]) * behind
            picture, wanted = before[:, :3] + (1 - before[:, 3:]) * inner, target[:, :3]
        else:
            behind = self._behind(self.pool.rays.directions[pixels])
            picture = gathered[:, :3] + (1 - gathered[:, 3:]) * behind
            wanted = target[:, :3] + (1 - target[:, 3:]) * behind
        picture = self.corrections.exposed(picture, numbers)
        error = ((picture - wanted) ** 2).mean()
        loss = error
        if self.pool.known is not None and config.alpha_weight:
            off = (gathered[:, 3] - target[:, 3]) ** 2
            loss = loss + config.alpha_weight * (self.pool.known[pixels] * off).mean()
        elif self.images.has_masks and config.alpha_weight:
            loss = loss + config.alpha_weight * ((gathered[:, 3] - target[:, 3]) ** 2).mean()
        if before is not None:
            loss = loss + self._veil(before[:, 3], target[:, 3], pixels)
        if config.each_exposure or config.refine_cameras:
            turn_deg, shift_mm = config.camera_deviation
            loss = loss + PRIOR_WEIGHT * self.corrections.prior(
                turn_rad=float(np.radians(turn_deg)), shift_m=0.001 * shift_mm
            )
        if config.sparsity:
            loss = loss + config.sparsity * field.density_grid.sparsity()
        if config.distortion:
            loss = loss + self._ramp * config.distortion * spread(weights, samples, count)
        if config.smoothness:
            loss = loss + config.smoothness * (
                field.density_grid.total_variation() + field.color_grid.total_variation()
            )
        self._samples_per_ray = len(samples) / count
        self._recent.append(error.detach())
        return {"loss": loss, "error": error}

    def after_step(self, step: int) -> None:
        """Now and then: does the error still fall?"""
        if step % CHECK_EVERY:
            return
        self._error = float(torch.stack(self._recent).mean())
        self._recent = []
        self._waited = 0 if self._error < 0.99 * self._best else self._waited + 1
        self._best = min(self._best, self._error)
        last = self._stage == len(self.config.resolutions) - 1 and step > self._changed_at + CHECK_EVERY
        self.schedule.ended = bool(self.config.patience) and last and self._waited >= self.config.patience

    def facts(self, losses: Mapping[str, float]) -> dict[str, float]:
        return {
            "psnr_db": _psnr_db(losses["error"]),
            "resolution": self.field.resolution,
            "samples_per_ray": self._samples_per_ray,
        }

    def finish(self) -> None:
        """Leave only what holds something."""
        self._prune()

    def refined_cameras(self) -> tuple[Camera, ...]:
        """The pictures' cameras with what was learned of them."""
        return self.corrections.cameras_of(self.images.cameras)

    def state(self) -> TrainingState:
        field = self.field
        plain = {
            "config": asdict(self.config),
            "bounds_m": field.bounds_m.tolist(),
            "pictures": fingerprint(self.images),
            "resolution": field.resolution,
            "occupancy_size": field.occupancy.size,
            "stage": self._stage,
            "changed_at": self._changed_at,
            "error": self._error,
            "best": self._best,
            "waited": self._waited,
            "ended": self.schedule.ended,
            "samples_per_ray": self._samples_per_ray,
        }
        tensors = {
            "occupancy_bits": torch.from_numpy(field.occupancy.packed()),
            "generator": self._generator.get_state(),
            "order": self._order,
            "soft": self._soft,
            "near_m": self.pool.near_m,
            "far_m": self.pool.far_m,
            "recent": torch.stack(self._recent) if self._recent else torch.empty(0),
            "corrections": self.corrections.state_dict(),
        }
        return TrainingState(flat_settings(self.config), plain, tensors)

    def load_state(self, checkpoint: Checkpoint) -> None:
        """Go on where `state` was taken, which must be of the same pictures and settings."""
        plain, tensors, device = checkpoint.plain, checkpoint.tensors, self.field.device
        if plain["resolution"] != self.field.resolution:
            self.field.resample(plain["resolution"])
            self.learner.restart()
        cells = Occupancy.unpacked(tensors["occupancy_bits"].numpy(), plain["occupancy_size"])
        self.field.occupancy = cells.to(device)
        self.pool.near_m, self.pool.far_m = tensors["near_m"].to(device), tensors["far_m"].to(device)
        self._order, self._soft = tensors["order"].to(device), tensors["soft"].to(device)
        self._recent = list(tensors["recent"].to(device))
        self.corrections.load_state_dict(tensors["corrections"])
        self._stage, self._changed_at = plain["stage"], plain["changed_at"]
        self._error, self._best, self._waited = plain["error"], plain["best"], plain["waited"]
        self.schedule.ended, self._samples_per_ray = plain["ended"], plain["samples_per_ray"]
        if len(tensors["generator"]) == len(self._generator.get_state()):
            self._generator.set_state(tensors["generator"])
        else:  # that of another kind of device
            self._generator.manual_seed(self.config.seed + checkpoint.step)

    def _groups(self) -> list[dict[str, Any]]:
        field, config = self.field, self.config
        grids = [*field.density_grid.parameters(), *field.color_grid.parameters()]
        if field.outer is not None:
            grids += list(field.outer.grid.parameters())
        known = {id(parameter) for parameter in grids}
        networks = [parameter for parameter in field.parameters() if id(parameter) not in known]
        groups: list[dict[str, Any]] = [
            {"params": grids, "lr": config.grid_rate, "weight_decay": 0.0},
            {"params": networks, "lr": config.network_rate, "weight_decay": 0.0},
        ]
        learned = [value for value in self.corrections.parameters() if value.requires_grad]
        if learned:
            groups.append({"params": learned, "lr": config.correction_rate, "weight_decay": 0.0})
        return groups

    def _behind(self, directions: Tensor) -> Tensor:
        name = self.config.background
        if name == "environment":
            assert self.field.environment is not None
            return self.field.environment(directions)
        if name == "random":
            return torch.rand(len(directions), 3, generator=self._generator, device=directions.device)
        return torch.full((1, 3), 1.0 if name == "white" else 0.0, device=directions.device)

    def _surroundings(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """What the rays of some pixels meet before and behind the box."""
        field, rays = self.field, self._rays_of(pixels)
        assert field.outer is not None
        near_m, far_m = cross_box(rays, field.bounds)
        return field.outer.before_and_behind(
            rays,
            near_m,
            torch.maximum(near_m, far_m),
            centre_m=field.bounds.mean(dim=0),
            half_size_m=field.half_size,
            jitter=self._generator,
        )

    def _veil(self, veil: Tensor, head: Tensor, pixels: Tensor) -> Tensor:
        """Cost of what stands between the cameras and the box: thin veils of it would take contrast from the
        pictures, which the field's colours would then exaggerate."""
        surely = head if self.pool.known is None else head * self.pool.known[pixels]
        return (veil * (BEFORE_WEIGHT + BEFORE_HEAD_WEIGHT * surely)).mean()

    def _rays_of(self, pixels: Tensor) -> Rays:
        return self.corrections.moved(self.pool.rays[pixels], self.pool.picture[pixels])

    def _next_pixels(self) -> Tensor:
        """Every pixel comes once before any comes again."""
        while len(self._order) < self.batch_size:
            more = torch.randperm(len(self.pool), generator=self._generator, device=self.field.device)
            self._order = torch.cat([self._order, more])
        index, self._order = self._order[: self.batch_size], self._order[self.batch_size :]
        return index

    def _sharpen(self, done: float) -> None:
        """Raise the density per activation geometrically between two moments of the training."""
        if self._warm:
            return
        first, last = SHARPEN_BETWEEN
        part = min(1.0, max(0.0, (done - first) / (last - first)))
        self.field.density_per_activation.copy_(self._soft * self.config.sharpening**part)

    def _change_resolution(self, resolution: int) -> None:
        self._prune()
        self.field.resample(resolution)
        self.learner.restart()
        self.pool.refresh(self.field)

    def _prune(self) -> None:
        """Leave only cells that hold something, and their neighbours."""
        field = self.field
        with torch.no_grad():
            centres = field.occupancy.centres()
            occupied = field.occupancy.cells.view(-1).nonzero()[:, 0]
            density = torch.zeros(len(centres), device=field.device)
            parts = centres[occupied].split(1 << 17)
            density[occupied] = torch.cat([field.raw_density(part) for part in parts])
        alpha = 1 - torch.exp(-density * 2 * field.half_size.mean() / field.occupancy.size)
        held = Occupancy((alpha > OCCUPIED_ALPHA).view_as(field.occupancy.cells)).grown()
        field.occupancy = Occupancy(held.cells & field.occupancy.cells)


def fingerprint(images: PosedImages) -> str:
    """Tells pictures and cameras from others."""
    digest = hashlib.sha256()
    for camera, rgba in zip(images.cameras, images.rgba, strict=True):
        for array in (camera.intrinsics, camera.camera_from_world, rgba):
            digest.update(np.ascontiguousarray(array).tobytes())
    for matte in images.mattes:
        digest.update(np.ascontiguousarray(matte).tobytes())
    return digest.hexdigest()


def _psnr_db(error: float) -> float:
    return float(-10 * np.log10(max(error, 1e-12)))
