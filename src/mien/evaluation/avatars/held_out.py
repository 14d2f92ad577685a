"""Avatars of several kinds on the held-out frames of one person, at equal training time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mien.avatars.avatar import Avatar
from mien.avatars.dataset import AvatarData
from mien.avatars.field_avatar import FieldAvatar
from mien.avatars.frames import make_frames
from mien.avatars.own_codes import own_codes
from mien.avatars.picture import render_moment
from mien.avatars.rig import AvatarControls, rig_of
from mien.avatars.scores import FrameScores, compared, score_frames
from mien.evaluation.fields.picture_similarity import gmsd, ssim
from mien.learning.devices import choose_device
from mien.progress import Progress, ProgressReport, silent

SURFACE, SPLATS = "surface", "splats"
"""Names of the other kinds of avatars among the variants of `AvatarConfig.variant`."""


@dataclass(frozen=True)
class AvatarRow:
    """One avatar's figures.

    Attributes:
        name: of the variant; scores: on held-out frames.
        ssim, gmsd: of whole pictures over white, alike where the matte is not known; GMSD is a perceptual
            distance, 0 is alike.
        steps: of the training; seconds: it took; picture_s: for a picture.
    """

    name: str
    scores: FrameScores
    ssim: float
    gmsd: float
    steps: int
    seconds: float
    picture_s: float


def train_and_measure(
    data: AvatarData,
    name: str,
    *,
    minutes: float | None,
    steps: int | None = None,
    frames: int = 12,
    code_steps: int = 0,
    device: str = "auto",
    out: Path | None = None,
    report: ProgressReport = silent,
) -> list[AvatarRow]:
    """Train one variant and measure it, without and, if asked for, with codes found on the held-out frames.

    Args:
        minutes: of the training; None: it takes `steps`.
        steps: of the training, in place of a time; None: those of the variant's own configuration.
        code_steps: see `measure`.
        device: of fields, where they are trained and drawn; the other kinds are on the CPU.
        out: folder for the avatar and a sheet of held-out frames.

    Raises:
        InputError: there is no such variant, or no frame is held out.
    """
    from mien.avatars.config import AvatarConfig
    from mien.avatars.files import save_avatar
    from mien.avatars.splats.config import SplatAvatarConfig
    from mien.avatars.splats.training import train_splat_avatar
    from mien.avatars.surface_config import SurfaceAvatarConfig
    from mien.avatars.surface_training import train_surface_avatar
    from mien.avatars.train import train_avatar

    def told(progress: Progress) -> None:
        report(Progress(progress.done, progress.total, name, progress.figures))

    if name == SURFACE:
        surface = SurfaceAvatarConfig() if steps is None else SurfaceAvatarConfig(iterations=steps)
        avatar = train_surface_avatar(data, surface, max_minutes=minutes, report=told)
    elif name == SPLATS:
        splats = SplatAvatarConfig() if steps is None else SplatAvatarConfig(steps=steps)
        avatar = train_splat_avatar(data, splats, max_minutes=minutes, report=told)
    else:
        config = AvatarConfig.variant(name)
        config = config if steps is None else replace(config, steps=steps)
        avatar = train_avatar(data, config, max_minutes=minutes, device=device, report=told)
    if out is not None:
        save_avatar(avatar, out / f"{name}.avatar")
    rows = [measure(avatar, data, name, frames=frames, device=device, out=out)]
    if code_steps and isinstance(avatar, FieldAvatar):
        codes = {"code_steps": code_steps, "device": device}
        rows.append(measure(avatar, data, f"{name} own codes", frames=frames, **codes))
    return rows


def measure(
    avatar: Avatar,
    data: AvatarData,
    name: str,
    *,
    frames: int = 12,
    code_steps: int = 0,
    device: str = "auto",
    out: Path | None = None,
) -> AvatarRow:
    """An avatar's figures on evenly chosen held-out frames.

    Args:
        code_steps: of fields, steps in which each held-out frame finds its own codes (`own_codes`); 0: the
            means of the training's.
        device: of fields, where they are drawn; they are back on the CPU afterwards.
        out: folder for a sheet of frames above the avatar.
    """
    from mien.avatars.preview import write_preview

    held = data.split()[1]
    rig, controls = rig_of(held, points=34)
    rows = np.unique(np.linspace(0, len(held) - 1, min(frames, len(held))).round().astype(int)).tolist()
    if isinstance(avatar, FieldAvatar):
        avatar.to(choose_device(device))
    start = time.perf_counter()
    if code_steps and isinstance(avatar, FieldAvatar):
        pictures = _with_own_codes(avatar, held, controls, rows, code_steps)
    else:
        pictures = {row: avatar.picture(controls[row], held.camera(row)) for row in rows}
    seconds = (time.perf_counter() - start) / len(rows)
    if isinstance(avatar, FieldAvatar):
        avatar.to("cpu")
    pairs = [compared(held, row, pictures[row]) for row in rows]
    if out is not None:
        write_preview(held, pictures, out / f"{name}.png")
    return AvatarRow(
        name,
        score_frames(held, rig, controls, rows, lambda row: pictures[row]),
        float(np.mean([ssim(*pair) for pair in pairs])),
        float(np.mean([gmsd(*pair) for pair in pairs])),
        avatar.facts.steps,
        avatar.facts.seconds,
        seconds,
    )


def _with_own_codes(
    avatar: FieldAvatar, held: AvatarData, controls: list[AvatarControls], rows: list[int], steps: int
) -> dict[int, np.ndarray]:
    model = avatar.model
    bounds_m = model.canonical.bounds_m
    frames = make_frames(held, avatar.rig, controls, model.observed, bounds_m, device=model.device)
    found = {row: own_codes(model, frames, row, steps=steps) for row in rows}
    return {row: render_moment(model, moment, held.camera(row)) for row, moment in found.items()}


def table(rows: Sequence[AvatarRow]) -> tuple[list[str], list[list[str]]]:
    """Header and cells, best first as they stand."""
    header = ["", "inside dB", "mouth dB", "eyes dB", "whole dB", "l1", "SSIM", "GMSD", "steps", "s/picture"]
    cells = [
        [
            row.name, f"{row.scores.psnr_db:.2f}", f"{row.scores.mouth_db:.2f}", f"{row.scores.eyes_db:.2f}",
            f"{row.scores.whole_db:.2f}", f"{row.scores.l1:.4f}", f"{row.ssim:.3f}", f"{row.gmsd:.4f}",
            str(row.steps), f"{row.picture_s:.2f}",
        ]
        for row in rows
    ]  # fmt: skip
    return header, cells
