"""Splats where the frames' mattes say that nothing is: coloured specks beside the head, once it moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mien.avatars.dataset import AvatarData

MISSES = 0.12
"""Share of the frames whose mattes may say so, for mattes err."""
LOOKS = 24


@torch.no_grad()
def in_empty_space(
    data: AvatarData, places_m: Callable[[int], Float[Tensor, "n 3"]], rows: Sequence[int] | None = None
) -> Bool[Tensor, " n"]:
    """Which points lie where too many frames show nothing.

    Args:
        places_m: asked for the points at a frame, skull's frame.
        rows: frames that are looked at; evenly chosen ones when None.
    """
    if rows is None:
        count = min(LOOKS, len(data))
        rows = [int(row) for row in np.unique(np.linspace(0, len(data) - 1, count).round())]
    size = data.size_px
    empty = looked = np.zeros(1)
    for row in rows:
        pixels = np.nan_to_num(data.camera(row).project(places_m(row).double().numpy()), nan=-1e6)
        x, y = np.rint(np.clip(pixels, -1e6, 1e6)).astype(int).T
        inside = (x >= 0) & (x < size) & (y >= 0) & (y < size)
        x, y = np.clip(x, 0, size - 1), np.clip(y, 0, size - 1)
        known = inside & (data.known[row, y, x] > 127)
        empty = empty + (known & (data.rgba[row, y, x, 3] < 8))
        looked = looked + known
    return torch.from_numpy(empty > MISSES * np.maximum(looked, 1))
