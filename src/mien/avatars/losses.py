"""The paper's losses (section 3.4)."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mien.avatars.model import AvatarModel, Gathered, Moments
from mien.fields.rendering.rays import Rays

SURFACE_WEIGHT = 1e-4
"""Samples with more rendering weight lie on the surface (eq. 13)."""
FACE_M = 0.03
"""And so near to the mesh, for what the mesh does says nothing of hair."""
_BEFORE_M, _BEHIND_M = 0.03, 0.02


def color_loss(
    picture: Float[Tensor, "r 3"], wanted: Float[Tensor, "r 3"], known: Float[Tensor, " r"]
) -> Float[Tensor, ""]:
    """ℓ2,1: the norm over channels, not squared (eq. 11), of rays whose matte is known."""
    off = torch.sqrt((picture - wanted).square().sum(dim=1) + 1e-8)
    return (known * off).sum() / known.sum().clamp(min=1)


def mesh_loss(gathered: Gathered, foreground: Float[Tensor, " r"]) -> Float[Tensor, ""]:
    """Weak mesh prior (eq. 13).

    Args:
        foreground: alpha of each ray's pixel.
    """
    deformed = gathered.deformed
    on = (foreground.index_select(0, gathered.samples.ray) > 0.5) & (
        gathered.weights.detach() > SURFACE_WEIGHT
    )
    on = on & (deformed.distance_m < FACE_M)
    off = torch.sqrt((deformed.motion_m - deformed.mesh_m).square().sum(dim=1) + 1e-12)
    return (on * off).sum() / max(1, len(on))


def field_loss(
    gathered: Gathered, foreground: Float[Tensor, " r"], *, background_factor: float, whole: bool
) -> Float[Tensor, ""]:
    """Deformation regulariser with foreground/background look-up (eq. 14).

    Args:
        whole: of t, as printed; else of what was learned, for what the guide does is no freedom.
    """
    deformed = gathered.deformed
    motion = deformed.motion_m if whole else deformed.learned_m
    inside = foreground.index_select(0, gathered.samples.ray) > 0.5
    factor = torch.where(inside, 1.0, background_factor)
    return (factor * torch.sqrt(motion.square().sum(dim=1) + 1e-12)).mean()


def code_loss(moments: Moments) -> Float[Tensor, ""]:
    """‖ω‖₂ of the frames in the step."""
    both = torch.cat([moments.deformation, moments.appearance], dim=1)
    return torch.sqrt(both.square().sum(dim=1) + 1e-12).mean()


def local_control_loss(
    model: AvatarModel, moments: Moments, origins_m: Float[Tensor, "frames 3"], pair: tuple[int, int]
) -> Float[Tensor, ""]:
    """Rays to the same landmark on two frames meet the same canonical place (eq. 12).

    Args:
        origins_m: of the frames' cameras.
        pair: rows of the two frames.
    """
    rows = torch.tensor(pair, device=origins_m.device)
    centres = moments.centres_m()[rows]
    count = centres.shape[1]
    toward = centres - origins_m[rows][:, None]
    distance_m = toward.norm(dim=2)
    directions = toward / distance_m[..., None]
    rays = Rays(origins_m[rows][:, None].expand_as(directions).flatten(0, 1), directions.flatten(0, 1))
    frame: Int[Tensor, " r"] = torch.arange(2, device=origins_m.device).repeat_interleave(count)
    two = Moments(
        [moments.surfaces[i] for i in pair],
        moments.weights[rows],
        moments.pose[rows],
        moments.deformation[rows],
        moments.appearance[rows],
    )
    flat = distance_m.flatten()
    gathered = model.gather(rays, frame, two, near_far_m=(flat - _BEFORE_M, flat + _BEHIND_M), color=False)
    alpha = torch.zeros_like(flat).index_add(0, gathered.samples.ray, gathered.weights)
    seen = (alpha.detach() > 0.5).view(2, count).all(dim=0)
    if not seen.any():
        return flat.new_zeros(())
    depth_m = gathered.depth_m / alpha.clamp(min=1e-3)
    met = rays.origins_m + depth_m[:, None] * rays.directions
    place = model.deform(met, frame, two).canonical_m.view(2, count, 3)
    return (place[0] - place[1]).abs().sum(dim=1)[seen].sum()
