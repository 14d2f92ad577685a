"""Texture maps on torch's side."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.nn import functional


def as_texture(texture: UInt8[np.ndarray, "s s 3"], device: torch.device | str) -> Float[Tensor, "1 3 s s"]:
    """A picture as a tensor in [0, 1]."""
    planes = torch.from_numpy(np.ascontiguousarray(texture.transpose(2, 0, 1)))
    return planes[None].to(device).float() / 255


def texels_at(texture: Float[Tensor, "1 3 s s"], uv: Float[Tensor, "m 2"]) -> Float[Tensor, "m 3"]:
    """Colours between texels; v runs up, rows down."""
    grid = torch.stack([2 * uv[:, 0] - 1, 1 - 2 * uv[:, 1]], dim=1)[None, None]
    return functional.grid_sample(texture, grid, align_corners=False, padding_mode="border")[0, :, 0].T
