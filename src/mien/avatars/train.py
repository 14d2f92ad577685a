"""Training an avatar of local deformation fields on prepared frames."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mien.avatars.config import AvatarConfig
from mien.avatars.dataset import AvatarData
from mien.checked_calls import checked_call
from mien.progress import ProgressReport, silent

if TYPE_CHECKING:
    from mien.avatars.field_avatar import FieldAvatar


@checked_call
def train_avatar(
    data: AvatarData,
    config: AvatarConfig | None = None,
    *,
    max_minutes: float | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    device: str = "auto",
    checkpoint_minutes: float = 3.0,
    log_steps: int = 50,
    report: ProgressReport = silent,
) -> FieldAvatar:
    """Train an avatar on the frames that are not held out.

    Args:
        data: prepared frames.
        config: the defaults when None.
        max_minutes: the whole course is gone through in this time; None: as many steps as the config says.
        checkpoint_minutes: minutes between checkpoints and previews.
        report: told the share that is over.
        out: folder for checkpoint, log and a preview of held-out frames beside the avatar; an interruption
            saves a checkpoint there, then raises KeyboardInterrupt.
        resume: go on from the checkpoint in `out`.
        device: cpu, cuda, or auto for a GPU where there is one.
        log_steps: steps between lines of the log and reports.

    Returns:
        A `FieldAvatar`, on the CPU whatever trained it.

    Raises:
        InputError: no frame is left to learn from, the checkpoint is of other frames, or there is no such
            device here.
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
    from mien.avatars.space import head_bounds_m, space_of_head
    from mien.avatars.training_session import TrainingSession
    from mien.learning.devices import choose_device

    place = choose_device(device)
    session = TrainingSession.of(
        data, config, kind=AvatarTraining.kind, points=config.points, out=out, resume=resume
    )
    torch.manual_seed(config.seed)
    train, held, rig = session.train, session.held, session.rig
    bounds_m = head_bounds_m(rig)
    space = space_of_head(rig, session.controls, train, bounds_m)
    frames = make_frames(train, rig, session.controls, space, bounds_m, device=place)
    model = AvatarModel(config, rig, bounds_m, observed=space, frames=len(frames)).train().to(place)
    held_frames = frames
    if len(held):
        held_frames = make_frames(held, rig, session.held_controls, space, bounds_m, device=place)

    def figures(model: AvatarModel) -> dict[str, float]:
        return session.figures(
            lambda row: render_moment(model, moments_of(model, held_frames, [row], None), held.camera(row))
        )

    training = AvatarTraining(model, frames, max_minutes=max_minutes, preview=figures)
    facts = session.run(training, checkpoint_minutes=checkpoint_minutes, log_steps=log_steps, report=report)
    model.canonical.prune()
    return FieldAvatar(model.to("cpu"), camera=session.camera, facts=facts)
