"""What sets fields apart from each other and from analytic volumes, drawn at random: soft and wavy surfaces,
dents, lumps, colours. Works on batches of sampled boxes (premultiplied colour and occupancy)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

ROUGHENED = 0.85
"""Share of samples whose surface is changed."""
SOFTENED = 0.5
"""Share of samples that are blurred."""
BLOBS = 0.1
"""Share of samples with a dent, and with a lump."""


def _smooth_noise(batch: int, channels: int, size: int, cells: int, generator: torch.Generator) -> Tensor:
    coarse = torch.randn(batch, channels, cells, cells, cells, generator=generator)
    return functional.interpolate(coarse, size=(size,) * 3, mode="trilinear", align_corners=True)


def _uniform(shape: tuple[int, ...], low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator)


def roughen(
    volumes: Float[Tensor, "b 4 n n n"], generator: torch.Generator, *, blobs: bool = True
) -> Float[Tensor, "b 4 n n n"]:
    """Blur, move the surface in and out by up to about half a voxel, dent it or add lumps, change colours."""
    batch, _, size = volumes.shape[:3]
    one = (batch, 1, 1, 1, 1)
    mixed = volumes.clone()
    soft = torch.rand(batch, generator=generator) < SOFTENED
    if soft.any():
        share = _uniform((int(soft.sum()), 1, 1, 1, 1), 0.2, 1.0, generator)
        mixed[soft] = torch.lerp(volumes[soft], functional.avg_pool3d(volumes[soft], 3, 1, 1), share)
    occupancy = mixed[:, 3:]
    color = mixed[:, :3] / occupancy.clamp(min=0.02)
    chosen = (torch.rand(one, generator=generator) < ROUGHENED).float()
    threshold = 0.5 + chosen * _uniform(one, -0.2, 0.2, generator)
    # One pattern for the batch, other strength and sign for each sample: quick, and never the same twice
    amount = chosen * 0.08 * torch.randn(one, generator=generator)
    threshold = threshold + amount * _smooth_noise(1, 1, size, max(4, size // 4), generator)
    sharpness = 1 + chosen * _uniform(one, 0.0, 3.0, generator)
    occupancy = ((occupancy - threshold) * sharpness + 0.5).clamp_(0, 1)
    if blobs:
        _blobs(occupancy, color, generator)
    return torch.cat([occupancy * _recolor(color, generator), occupancy], dim=1)


def _blobs(occupancy: Tensor, color: Tensor, generator: torch.Generator) -> None:
    """A dent in some samples, a lump in others; in place."""
    batch, _, size = occupancy.shape[:3]
    steps = torch.linspace(-1, 1, size)
    for add in (False, True):
        for sample in torch.nonzero(torch.rand(batch, generator=generator) < BLOBS)[:, 0].tolist():
            centre, radius = _uniform((3,), -0.9, 0.9, generator), _uniform((1,), 0.05, 0.25, generator)
            squares = [(steps - c) ** 2 for c in centre]
            distance = (squares[0][:, None, None] + squares[1][:, None] + squares[2]).sqrt_()
            inside = ((radius - distance) * size / 2 + 0.5).clamp_(0, 1)
            if add:
                tint = torch.rand((3, 1, 1, 1), generator=generator)
                color[sample] = torch.where(inside > occupancy[sample], tint, color[sample])
                occupancy[sample] = torch.maximum(occupancy[sample], inside[None])
            else:
                occupancy[sample] *= 1 - inside


def _recolor(color: Tensor, generator: torch.Generator) -> Tensor:
    """Level, tint, contrast, slow waves and grain; `color` is used up."""
    batch, size = len(color), color.shape[2]
    tint = (batch, 3, 1, 1, 1)
    gain = _uniform(tint, 0.85, 1.15, generator) * _uniform((batch, 1, 1, 1, 1), 0.7, 1.3, generator)
    bend = _uniform((batch, 1, 1, 1, 1), -0.35, 0.35, generator)
    waves = _smooth_noise(1, 3, size, 4, generator)
    factor = gain + 0.06 * torch.randn(tint, generator=generator) * waves
    grain = 0.03 * torch.randn((1, *color.shape[1:]), generator=generator)
    color.clamp_(0, 1)
    return torch.addcmul(color, color * (1 - color), bend).mul_(factor).add_(grain).clamp_(0, 1)
