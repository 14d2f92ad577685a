"""Training an avatar of local deformation fields on prepared frames."""

from __future__ import annotations

import itertools
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mien.avatars.avatar import AvatarFacts
from mien.avatars.config import AvatarConfig
from mien.avatars.dataset import AvatarData
from mien.checked_calls import checked_call
from mien.errors import InputError
from mien.progress import ProgressReport, silent

if TYPE_CHECKING:
    from mien.avatars.field_avatar import FieldAvatar

COMMAND = "mien avatar train"
PREVIEW_NAME = "preview.png"
PREVIEW_FRAMES = 6


@checked_call
def train_avatar(
    data: AvatarData,
    config: AvatarConfig | None = None,
    *,
    max_minutes: float | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    checkpoint_minutes: float = 3.0,
    log_steps: int = 50,
    report: ProgressReport = silent,
) -> FieldAvatar:
    """Train an avatar on the frames that are not held out.

    Args:
        out: folder for checkpoint, log and a preview of held-out frames beside the avatar; an interruption
            saves a checkpoint there, then raises KeyboardInterrupt.
        resume: go on from the checkpoint in `out`.
        log_steps: steps between lines of the log and reports.

    Returns:
        A `FieldAvatar`.

    Raises:
        InputError: no frame is left to learn from, or the checkpoint is of other frames.
        MissingExtraError: torch is missing.
    """
    from mien.fields import require_torch

    require_torch()
    config = config or AvatarConfig()
    import torch

    from mien.avatars.avatar_training import AvatarTraining, moments_of
    from mien.avatars.field_avatar import FieldAvatar
    from mien.avatars.frames import make_frames
    from mien.avatars.model import AvatarModel
    from mien.avatars.picture import render_moment
    from mien.avatars.preview import write_preview
    from mien.avatars.rig import rig_of
    from mien.avatars.scores import score_frames
    from mien.avatars.space import head_bounds_m, space_of_head
    from mien.learning.checkpoints import CHECKPOINT_NAME, read_checkpoint, training_folder
    from mien.learning.trainer import Trainer

    train, held = data.split()
    if len(train) < 2:
        raise InputError("leaves fewer than two frames to learn from", source=data.source)
    folder = None if out is None else training_folder(out, resume=resume)
    checkpoint = None
    if resume:
        if folder is None:
            raise InputError("resuming needs the folder of the checkpoint", source="out")
        checkpoint = read_checkpoint(folder / CHECKPOINT_NAME, kind=AvatarTraining.kind, command=COMMAND)
        if checkpoint.plain["frames"] != len(train) or checkpoint.plain["source"] != data.source:
            raise InputError("was begun on other frames; resume on the same", source=folder)
        if checkpoint.plain["config"] != _plain(config):
            raise InputError("was begun with other settings; resume with the same", source=folder)
    torch.manual_seed(config.seed)
    rig, controls = rig_of(train, points=config.points)
    bounds_m = head_bounds_m(rig)
    space = space_of_head(rig, controls, train, bounds_m)
    frames = make_frames(train, rig, controls, space, bounds_m)
    model = AvatarModel(config, rig, bounds_m, observed=space, frames=len(frames)).train()
    held_controls = rig_of(held, points=config.points)[1]
    held_frames = make_frames(held, rig, held_controls, space, bounds_m) if len(held) else None
    rows = np.unique(np.linspace(0, max(0, len(held) - 1), PREVIEW_FRAMES).round().astype(int)).tolist()

    def figures(model: AvatarModel) -> dict[str, float]:
        if held_frames is None:
            return {}
        pictures = {
            row: render_moment(model, moments_of(model, held_frames, [row], None), held.camera(row))
            for row in rows
        }
        if folder is not None:
            write_preview(held, pictures, folder / PREVIEW_NAME)
        scores = score_frames(held, rig, held_controls, rows, lambda row: pictures[row])
        return {name: value for name, value in asdict(scores).items() if name != "frames"}

    training = AvatarTraining(model, frames, max_minutes=max_minutes, preview=figures)
    trainer = Trainer(
        training, folder=folder, checkpoint_minutes=checkpoint_minutes, log_steps=log_steps, report=report
    )
    if checkpoint is not None:
        trainer.resume(checkpoint)
    trainer.run(itertools.repeat(None))
    model.canonical.prune()
    facts = AvatarFacts(
        source=data.source,
        frames=len(train),
        steps=trainer.step,
        seconds=round(trainer.elapsed_s, 1),
        size_px=data.size_px,
        figures=trainer.figures.get("held_out", {}),
    )
    return FieldAvatar(model, camera=typical_camera(train), facts=facts)


def typical_camera(data: AvatarData):
    """The camera of the frame that looks most like the others: nearest to the mean place and focal length."""
    eyes_m = np.stack([data.camera(row).world_from_camera[:3, 3] for row in range(len(data))])
    return data.camera(int(np.argmin(np.linalg.norm(eyes_m - np.median(eyes_m, axis=0), axis=1))))


def _plain(config: AvatarConfig) -> dict[str, object]:
    """As JSON gives it back."""
    import json

    return json.loads(json.dumps(asdict(config)))
