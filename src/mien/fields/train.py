"""Training a radiance field on posed pictures (TensoRF, with the visual hull from the first step)."""

from __future__ import annotations

import itertools
import time
from dataclasses import fields, replace
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float

from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.fields.config import FieldConfig
from mien.fields.field_training import CHECK_EVERY, FieldTraining, fingerprint
from mien.fields.grids.occupancy import Occupancy
from mien.fields.head_capture import HeadCapture
from mien.fields.posed_images import PosedImages, load_posed_images
from mien.fields.radiance_field import FieldFacts, RadianceField, TrainingFacts
from mien.fields.silhouette_hull import automatic_bounds, hull, nearest_axis, typical_up
from mien.fields.viewpoint import Viewpoint
from mien.learning.checkpoints import (
    CHECKPOINT_NAME,
    Checkpoint,
    read_checkpoint,
    training_folder,
)
from mien.learning.devices import choose_device
from mien.learning.trainer import Trainer
from mien.progress import ProgressReport, silent

MAX_CELLS = 128
"""Cells of the occupancy per axis, at most; fewer for coarse fields."""
REFINE_ITERATIONS = 150
COMMAND = "mien field train"


@checked_call
def train_field(
    source: str | Path | PosedImages | HeadCapture,
    config: FieldConfig | None = None,
    *,
    start_from: RadianceField | None = None,
    bounds_m: Float[np.ndarray, "2 3"] | None = None,
    device: str = "auto",
    max_minutes: float | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    checkpoint_minutes: float = 2.0,
    report: ProgressReport = silent,
) -> RadianceField:
    """Train a radiance field on pictures with known cameras.

    With a folder, an interruption (Ctrl-C) saves a checkpoint, then raises KeyboardInterrupt; a training that
    was stopped in any way goes on from the last one to the field that it would have become at once.

    Args:
        source: a transforms.json or another file that `load_posed_images` reads, or its result; or a capture
            in which `focus_on_head` found the head, whose box and mattes are then taken.
        config: how; `FieldConfig.preset("standard")` when None. With `start_from`, that field's settings and
            a few steps. On resuming, those that the training began with when None, else they must be equal.
        start_from: go on from this field: another expression of the same person takes a few seconds. It is
            not changed. Its representation is kept.
        bounds_m: lower and upper corner of the box; found from silhouettes or from what the cameras see when
            None. On resuming, that of the checkpoint is taken.
        device: "cpu", "cuda", or "auto" for a GPU where there is one.
        max_minutes: train for no longer than this; the schedule is gone through in it.
        out: folder for checkpoint.pt and log.jsonl; without one nothing is written.
        resume: go on from `out`/checkpoint.pt, on the same pictures.
        checkpoint_minutes: minutes between checkpoints.
        report: told the share that is over every few steps.

    Returns:
        The field, on the device, in evaluation mode.

    Raises:
        InputError: the pictures or cameras cannot be used, there is no checkpoint to resume, or it is of
            other pictures or settings; the message says why.
    """
    capture = source if isinstance(source, HeadCapture) else None
    if isinstance(source, HeadCapture):
        source, bounds_m = source.images, source.bounds_m if bounds_m is None else bounds_m
    if resume and out is None:
        raise InputError("resuming needs the folder of the checkpoint", source="out")
    where = choose_device(device)
    folder = None if out is None else training_folder(out, resume=resume)
    checkpoint = None
    if folder is not None and resume:
        checkpoint = read_checkpoint(folder / CHECKPOINT_NAME, kind=FieldTraining.kind, command=COMMAND)
    images = source if isinstance(source, PosedImages) else load_posed_images(source)
    started_s = time.perf_counter()
    if checkpoint is None:
        config, images = _settled(config, images, start_from)
        field = _prepare(images, config, start_from, bounds_m)
    else:
        kept = FieldConfig.from_plain(checkpoint.plain["config"])
        if config is not None or start_from is not None:
            _check_equal(kept, _settled(config, images, start_from)[0], source=folder)
        images = images.reduced(kept.picture_side_px)
        field = _resumed(checkpoint, kept, images, source=folder)
    training = FieldTraining(field.to(where).train(), images, max_minutes=max_minutes)
    trainer = Trainer(
        training,
        folder=folder,
        checkpoint_minutes=checkpoint_minutes,
        log_steps=CHECK_EVERY,
        report=report,
    )
    if checkpoint is not None:
        trainer.resume(checkpoint)
    before_s = time.perf_counter() - started_s
    trainer.run(itertools.repeat(None))
    training.finish()
    field.facts = FieldFacts(
        _viewpoint(images, field) if capture is None else capture.viewpoint,
        TrainingFacts(
            views=len(images),
            iterations=trainer.step,
            seconds=round(before_s + trainer.elapsed_s, 2),
            psnr_db=round(training.psnr_db, 2),
            source=Path(images.source).name,
            metres_per_unit=images.metres_per_unit,
        ),
        None if capture is None else capture.facts,
        training.refined_cameras(),
    )
    return field.eval()


def _settled(
    config: FieldConfig | None, images: PosedImages, start_from: RadianceField | None
) -> tuple[FieldConfig, PosedImages]:
    """The settings as these pictures, and the field that is gone on from, make them; the pictures reduced."""
    if start_from is not None:
        old = start_from.config
        config = config or old.for_refinement(iterations=REFINE_ITERATIONS)
        config = replace(config, **{name: getattr(old, name) for name in _OF_THE_REPRESENTATION})
    config = config or FieldConfig()
    images = images.reduced(config.picture_side_px)
    config = replace(config, background=_background(config, images))
    if not images.has_masks and not images.mattes:  # no hull to start from: a solid box would hide everything
        config = replace(config, initial_density=0.0)
    return config, images


_OF_THE_REPRESENTATION = (
    "representation", "density_activation", "density_components", "color_components", "color_features",
    "color_width", "feature_frequencies", "direction_frequencies",
)  # fmt: skip


def _check_equal(kept: FieldConfig, wanted: FieldConfig, *, source: Path | None) -> None:
    differing = [
        f"{field.name} {getattr(kept, field.name)}, not {getattr(wanted, field.name)}"
        for field in fields(FieldConfig)
        if getattr(kept, field.name) != getattr(wanted, field.name)
    ]
    if differing:
        raise InputError(
            f"was begun with {'; '.join(differing)}: resume with the same settings", source=source
        )


def _resumed(
    checkpoint: Checkpoint, config: FieldConfig, images: PosedImages, *, source: Path | None
) -> RadianceField:
    """A field as a checkpoint's training had it at the start."""
    if checkpoint.plain["pictures"] != fingerprint(images):
        raise InputError("was begun on other pictures or cameras; resume on the same", source=source)
    bounds_m = np.array(checkpoint.plain["bounds_m"])
    field = RadianceField(
        config,
        bounds_m,
        environment=config.background == "environment",
        surroundings=config.background == "scene",
    )
    field.occupancy = _hull(images, field)
    return field


def _hull(images: PosedImages, field: RadianceField) -> Occupancy:
    return hull(images, field.bounds_m, size=min(MAX_CELLS, max(field.config.resolutions)))


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
    if images.mattes:
        return "scene"
    return plain_ground(images) or "environment"


def plain_ground(images: PosedImages) -> Literal["white", "black"] | None:
    """The plain ground on which pictures without silhouettes were taken, where there is one."""
    borders = np.concatenate([
        np.concatenate([i[0, :, :3], i[-1, :, :3], i[:, 0, :3], i[:, -1, :3]]) for i in images.rgba
    ])  # fmt: skip
    grounds: tuple[tuple[Literal["white", "black"], int], ...] = (("white", 255), ("black", 0))
    for name, value in grounds:
        if (np.abs(borders.astype(int) - value).max(axis=1) < 12).mean() > 0.8:
            return name
    return None


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
        field = RadianceField(
            config, box_m, environment=needs_environment, surroundings=config.background == "scene"
        )
    else:
        field = RadianceField(
            config,
            start_from.bounds_m,
            resolution=start_from.resolution,
            environment=needs_environment,
            surroundings=config.background == "scene",
        )
        weights = {name: value.cpu() for name, value in start_from.state_dict().items()}
        if not (needs_environment and start_from.environment is not None):
            weights = {name: value for name, value in weights.items() if "environment" not in name}
        if field.outer is None or start_from.outer is None:
            weights = {name: value for name, value in weights.items() if not name.startswith("outer.")}
        field.load_state_dict(weights, strict=False)
        both_m = np.stack([
            np.minimum(box_m[0], start_from.bounds_m[0]), np.maximum(box_m[1], start_from.bounds_m[1])
        ])  # fmt: skip
        box_m = box_m if bounds_m is not None else both_m
        field.resample(config.resolutions[0], box_m)
    field.occupancy = _hull(images, field)
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
