"""Pictures of an avatar."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float

from mien.avatars.model import AvatarModel, Moments
from mien.cameras import Camera
from mien.fields.rendering.rays import camera_rays

CHUNK_RAYS = 8192


@torch.no_grad()
def render_moment(model: AvatarModel, moments: Moments, camera: Camera) -> Float[np.ndarray, "h w 4"]:
    """What a camera sees of one moment: premultiplied colour and alpha in [0, 1].

    Args:
        moments: one.
        camera: its world is the skull's frame.
    """
    model.eval()
    rays = camera_rays(camera).to(model.device)
    pieces = []
    for start in range(0, len(rays), CHUNK_RAYS):
        some = rays[slice(start, start + CHUNK_RAYS)]
        frame = torch.zeros(len(some), dtype=torch.long, device=model.device)
        pieces.append(model.gather(some, frame, moments).rgba)
    out = torch.cat(pieces).cpu().numpy().astype(float)
    return np.clip(out, 0, 1).reshape(camera.height_px, camera.width_px, 4)


def over(rgba: Float[np.ndarray, "h w 4"], ground: float | Float[np.ndarray, "h w 3"] = 1.0) -> np.ndarray:
    """(H, W, 3) in [0, 1]: a premultiplied picture over a grey, or another picture."""
    return rgba[..., :3] + (1 - rgba[..., 3:]) * ground
