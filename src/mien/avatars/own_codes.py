"""Codes of a frame that an avatar has not learned from, found on that frame itself (section 4.3)."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from mien.avatars import losses as terms
from mien.avatars.avatar_training import moments_of
from mien.avatars.frames import AvatarFrames
from mien.avatars.model import AvatarModel, Moments
from mien.learning.few_values import FewValues


def own_codes(
    model: AvatarModel,
    frames: AvatarFrames,
    row: int,
    *,
    steps: int = 40,
    rays: int = 512,
    rate: float = 0.02,
) -> Moments:
    """The moment of a held-out frame with codes that explain it, everything else as it was learned.

    The codes see the very pixels that they are then judged by, as in the paper's tables: they mend how
    the tracker put the head, not what the avatar knows. Figures without them belong beside these.

    Args:
        row: of the frames.
        steps: of Adam, at so many rays each.
    """
    moment = moments_of(model, frames, [row], None)
    deformation = moment.deformation.detach().clone().requires_grad_(True)
    appearance = moment.appearance.detach().clone().requires_grad_(True)
    codes = FewValues([deformation, appearance], rate=rate)
    generator = torch.Generator(device=model.device).manual_seed(row)
    colors, known = frames.rgba[row].float() / 255, frames.known[row].float() / 255
    model.eval()
    for _ in range(steps):
        chosen = torch.randint(len(frames.pixels[row]), (rays,), generator=generator, device=model.device)
        pixels = frames.pixels[row][chosen]
        seen = replace(moment, deformation=deformation, appearance=appearance)
        loss = _loss(model, frames, row, pixels, colors[pixels], known[pixels], seen, generator)
        loss = loss + model.config.code_weight * terms.code_loss(seen)
        codes.descend(loss)
    return replace(moment, deformation=deformation.detach(), appearance=appearance.detach())


def _loss(
    model: AvatarModel,
    frames: AvatarFrames,
    row: int,
    pixels: Tensor,
    target: Tensor,
    known: Tensor,
    moment: Moments,
    generator: torch.Generator,
) -> Tensor:
    rays = frames.rays(row, pixels)
    frame = torch.zeros(len(rays), dtype=torch.long, device=model.device)
    gathered = model.gather(rays, frame, moment, jitter=generator)
    picture = gathered.rgba[:, :3] + (1 - gathered.rgba[:, 3:])
    wanted = target[:, :3] * target[:, 3:] + (1 - target[:, 3:])
    return terms.color_loss(picture, wanted, known)
