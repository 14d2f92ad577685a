"""Training a radiance field on posed pictures (TensoRF, with the visual hull from the first step)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mien.errors import InputError
from mien.fields.config import FieldConfig
from mien.fields.grids.occupancy import Occupancy
from mien.fields.posed_images import PosedImages, load_posed_images
from mien.fields.radiance_field import FieldFacts, RadianceField, TrainingFacts, Viewpoint
from mien.fields.ray_pool import RayPool
from mien.fields.rendering.ray_marching import add_up, march, spread, weights_of
from mien.fields.silhouette_hull import automatic_bounds, hull, nearest_axis, typical_up

FAINT = 1e-4
"""Samples with less weight get no colour (TensoRF)."""
OCCUPIED_ALPHA = 1e-3
"""Cells that stay occupied take at least this from a ray that crosses them."""
MAX_CELLS = 128
"""Cells of the occupancy per axis, at most; fewer for coarse fields."""
SHARPEN_BETWEEN = (0.2, 0.8)
"""Fractions of the training between which densities are raised."""
RAMP_FROM = 0.25
"""Fraction of the training from which the distortion loss grows: too early it freezes a wrong surface."""
_REFRESH_EVERY = 60
_CHECK_EVERY = 50
REFINE_ITERATIONS = 150


@dataclass(frozen=True)
class TrainingStep:
    """Where a training stands.

    Attributes:
        iteration, iterations: steps done and planned.
        psnr_db: of the training rays, smoothed.
        resolution: nodes per axis at present.
        samples_per_ray: at present.
    """

    iteration: int
    iterations: int
    psnr_db: float
    resolution: int
    samples_per_ray: float


def train_field(
    source: str | Path | PosedImages,
    config: FieldConfig | None = None,
    *,
    start_from: RadianceField | None = None,
    bounds_m: Float[np.ndarray, "2 3"] | None = None,
    device: str = "auto",
    progress: Callable[[TrainingStep], None] | None = None,
) -> RadianceField:
    """Train a radiance field on pictures with known cameras.

    Args:
        source: a transforms.json or another file that `load_posed_images` reads, or its result.
        config: how; `FieldConfig.preset("standard")` when None. With `start_from`, that field's settings and
            a few steps.
        start_from: go on from this field: another expression of the same person takes a few seconds. It is
            not changed. Its representation is kept.
        bounds_m: lower and upper corner of the box; found from silhouettes or from what the cameras see when
            None.
        device: "cpu", "cuda", or "auto" for a GPU where there is one.
        progress: called every few steps.

    Returns:
        The field, on the device, in evaluation mode.

    Raises:
        InputError: the pictures or cameras cannot be used; the message says why.
    """
    if start_from is not None:
        config = config or start_from.config.for_refinement(iterations=REFINE_ITERATIONS)
    config = config or FieldConfig()
    images = source if isinstance(source, PosedImages) else load_posed_images(source)
    images = images.reduced(config.picture_side_px)
    config = replace(config, background=_background(config, images))
    if not images.has_masks:  # no hull to start from: a solid box would hide everything
        config = replace(config, initial_density=0.0)
    where = torch.device("cuda" if device == "auto" and torch.cuda.is_available() else _named(device))
    started_s = time.perf_counter()
    field = _prepare(images, config, start_from, bounds_m).to(where).train()
    trainer = _Trainer(field, images)
    psnr_db, done = trainer.run(progress)
    field.facts = FieldFacts(
        _viewpoint(images, field),
        TrainingFacts(
            views=len(images),
            iterations=done,
            seconds=round(time.perf_counter() - started_s, 2),
            psnr_db=round(psnr_db, 2),
            source=Path(images.source).name,
            metres_per_unit=images.metres_per_unit,
        ),
    )
    return field.eval()


def _named(device: str) -> str:
    return "cpu" if device == "auto" else device


def _background(config: FieldConfig, images: PosedImages) -> str:
    if config.background == "random" and not images.has_masks:
        raise InputError(
            "has no silhouettes, so the background cannot be replaced: give pictures with alpha or masks, or "
            'background="environment"',
            source=images.source,
        )
    if config.background != "auto":
        return config.background
    if images.has_masks:
        return "random"
    borders = np.concatenate([
        np.concatenate([i[0, :, :3], i[-1, :, :3], i[:, 0, :3], i[:, -1, :3]]) for i in images.rgba
    ])  # fmt: skip
    for name, value in (("white", 255), ("black", 0)):
        if (np.abs(borders.astype(int) - value).max(axis=1) < 12).mean() > 0.8:
            return name
    return "environment"


def _prepare(
    images: PosedImages,
    config: FieldConfig,
    start_from: RadianceField | None,
    bounds_m: np.ndarray | None,
) -> RadianceField:
    """A new field with its occupancy, or a copy of another one in a box that holds both heads."""
    box_m = automatic_bounds(images, margin=config.bounds_margin) if bounds_m is None else bounds_m
    needs_environment = config.background == "environment"
    if start_from is None:
        field = RadianceField(config, box_m, environment=needs_environment)
    else:
        old = start_from.config
        config = replace(
            config,
            representation=old.representation,
            density_activation=old.density_activation,
            density_components=old.density_components,
            color_components=old.color_components,
            color_features=old.color_features,
            color_width=old.color_width,
            feature_frequencies=old.feature_frequencies,
            direction_frequencies=old.direction_frequencies,
        )
        field = RadianceField(
            config, start_from.bounds_m, resolution=start_from.resolution, environment=needs_environment
        )
        weights = {name: value.cpu() for name, value in start_from.state_dict().items()}
        if not (needs_environment and start_from.environment is not None):
            weights = {name: value for name, value in weights.items() if "environment" not in name}
        field.load_state_dict(weights, strict=False)
        both_m = np.stack([
            np.minimum(box_m[0], start_from.bounds_m[0]), np.maximum(box_m[1], start_from.bounds_m[1])
        ])  # fmt: skip
        box_m = box_m if bounds_m is not None else both_m
        field.resample(config.resolutions[0], box_m)
    field.occupancy = hull(images, field.bounds_m, size=min(MAX_CELLS, max(config.resolutions)))
    return field


def _viewpoint(images: PosedImages, field: RadianceField) -> Viewpoint:
    up = typical_up(images.cameras)
    target_m = field.bounds_m.mean(axis=0)
    offsets_m = np.array([camera.world_from_camera[:3, 3] for camera in images.cameras]) - target_m
    level = offsets_m - (offsets_m @ up)[:, None] * up
    level /= np.maximum(np.linalg.norm(level, axis=1, keepdims=True), 1e-9)
    front = level.mean(axis=0)
    if np.linalg.norm(front) < 0.15:  # all around: the first picture is as good a front as any
        front = level[0]
    front = nearest_axis(front)
    front = front - (front @ up) * up
    front /= np.linalg.norm(front)
    angles = [
        2 * np.arctan(0.5 * min(camera.width_px, camera.height_px) / camera.focal_px)
        for camera in images.cameras
    ]
    return Viewpoint(
        up=(float(up[0]), float(up[1]), float(up[2])),
        front=(float(front[0]), float(front[1]), float(front[2])),
        distance_m=float(np.median(np.linalg.norm(offsets_m, axis=1))),
        field_of_view_rad=float(np.median(angles)),
    )


class _Trainer:
    """One run of the optimiser."""

    def __init__(self, field: RadianceField, images: PosedImages) -> None:
        self.field, self.config = field, field.config
        self.pool = RayPool.of(images, field, keep_all=self.config.background == "environment")
        if len(self.pool) == 0:
            raise InputError("no ray of any picture crosses the bounding box", source=images.source or None)
        self.has_masks = images.has_masks
        self.generator = torch.Generator(device=field.device).manual_seed(self.config.seed)
        self.optimiser = self._new_optimiser()
        self.order = torch.empty(0, dtype=torch.long, device=field.device)
        self.soft = field.density_per_activation.clone()
        self.warm = field.resolution == self.config.resolutions[-1] and len(self.config.resolutions) == 1
        if self.warm:
            self.pool.refresh(field)

    def run(self, progress: Callable[[TrainingStep], None] | None) -> tuple[float, int]:
        """Train; returns the last PSNR of training rays and the number of steps."""
        config = self.config
        changes = {
            round(part * config.iterations): size
            for part, size in zip(config.upsample_at, config.resolutions[1:], strict=True)
        }
        error, best, waited, recent, per_ray = float("nan"), float("inf"), 0, [], 0.0
        iteration = 0
        for iteration in range(1, config.iterations + 1):
            if iteration in changes:
                self._change_resolution(changes[iteration])
            elif iteration % _REFRESH_EVERY == 0:
                self.pool.refresh(self.field)
            self._set_rates(iteration / config.iterations)
            self._sharpen(iteration / config.iterations)
            loss, per_ray = self._step()
            recent.append(loss)
            if iteration % _CHECK_EVERY == 0 or iteration == config.iterations:
                error = float(torch.stack(recent).mean())
                recent = []
                waited = 0 if error < 0.99 * best else waited + 1
                best = min(best, error)
                if progress is not None:
                    psnr_db = -10 * np.log10(max(error, 1e-12))
                    progress(
                        TrainingStep(iteration, config.iterations, psnr_db, self.field.resolution, per_ray)
                    )
                last_stage = iteration > max(changes, default=0) + _CHECK_EVERY
                if config.patience and last_stage and waited >= config.patience:
                    break
        self._prune()
        return float(-10 * np.log10(max(error, 1e-12))), iteration

    def _step(self) -> tuple[Tensor, float]:
        field, config = self.field, self.config
        pixels, side = self._next_pixels(), config.pixel_rays_each_way
        target = self.pool.rgba[pixels].float() / 255
        rays = self.pool.through_pixels(pixels, side, self.generator)
        step_m = field.voxel_m / config.samples_per_voxel
        samples = march(
            rays,
            self.pool.near_m[pixels].repeat_interleave(side**2),
            self.pool.far_m[pixels].repeat_interleave(side**2),
            bounds_m=field.bounds,
            occupancy=field.occupancy,
            step_m=step_m,
            jitter=self.generator,
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
        behind = self._behind(self.pool.rays.directions[pixels])
        gathered = gathered.view(len(pixels), side**2, 4).mean(dim=1)
        picture = gathered[:, :3] + (1 - gathered[:, 3:]) * behind
        wanted = target[:, :3] + (1 - target[:, 3:]) * behind
        error = ((picture - wanted) ** 2).mean()
        loss = error
        if self.has_masks and config.alpha_weight:
            loss = loss + config.alpha_weight * ((gathered[:, 3] - target[:, 3]) ** 2).mean()
        if config.sparsity:
            loss = loss + config.sparsity * field.density_grid.sparsity()
        if config.distortion:
            loss = loss + self._ramp * config.distortion * spread(weights, samples, count)
        if config.smoothness:
            loss = loss + config.smoothness * (
                field.density_grid.total_variation() + field.color_grid.total_variation()
            )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        return error.detach(), len(samples) / count

    def _behind(self, directions: Tensor) -> Tensor:
        name = self.config.background
        if name == "environment":
            assert self.field.environment is not None
            return self.field.environment(directions)
        if name == "random":
            return torch.rand(len(directions), 3, generator=self.generator, device=directions.device)
        return torch.full((1, 3), 1.0 if name == "white" else 0.0, device=directions.device)

    def _next_pixels(self) -> Tensor:
        """Every pixel comes once before any comes again."""
        size = max(1, self.config.rays_per_step // self.config.pixel_rays_each_way**2)
        while len(self.order) < size:
            more = torch.randperm(len(self.pool), generator=self.generator, device=self.field.device)
            self.order = torch.cat([self.order, more])
        index, self.order = self.order[:size], self.order[size:]
        return index

    def _new_optimiser(self) -> torch.optim.Adam:
        field, config = self.field, self.config
        grids = [*field.density_grid.parameters(), *field.color_grid.parameters()]
        known = {id(parameter) for parameter in grids}
        networks = [parameter for parameter in field.parameters() if id(parameter) not in known]
        groups = [
            {"params": grids, "lr": config.grid_rate, "start": config.grid_rate},
            {"params": networks, "lr": config.network_rate, "start": config.network_rate},
        ]
        return torch.optim.Adam(groups, betas=(0.9, 0.99), fused=True)

    def _set_rates(self, done: float) -> None:
        self._ramp = max(0.0, done - RAMP_FROM) / (1 - RAMP_FROM)
        for group in self.optimiser.param_groups:
            group["lr"] = group["start"] * self.config.rate_decay**done

    def _sharpen(self, done: float) -> None:
        """Raise the density per activation geometrically between two moments of the training."""
        if self.warm:
            return
        first, last = SHARPEN_BETWEEN
        part = min(1.0, max(0.0, (done - first) / (last - first)))
        self.field.density_per_activation.copy_(self.soft * self.config.sharpening**part)

    def _change_resolution(self, resolution: int) -> None:
        self._prune()
        self.field.resample(resolution)
        self.optimiser = self._new_optimiser()
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
