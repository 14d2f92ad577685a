"""Frames above the avatar that was asked for the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from mien.avatars.dataset import AvatarData


def preview(
    data: AvatarData, pictures: Mapping[int, Float[np.ndarray, "s s 4"]], *, enlarged: int = 2
) -> UInt8[np.ndarray, "height width 3"]:
    """Frames cut out by their mattes (darker where the matte is not known) above the avatar, over white."""
    columns = []
    for row, made in pictures.items():
        rgba = data.rgba[row] / 255.0
        truth = rgba[..., :3] * rgba[..., 3:] + (1 - rgba[..., 3:])
        truth = np.where(data.known[row][..., None] > 127, truth, 0.6 * truth + 0.1)
        columns.append(np.concatenate([truth, made[..., :3] + (1 - made[..., 3:])]))
    sheet = np.rint(255 * np.clip(np.concatenate(columns, axis=1), 0, 1)).astype(np.uint8)
    return sheet.repeat(enlarged, axis=0).repeat(enlarged, axis=1)


def write_preview(
    data: AvatarData, pictures: Mapping[int, Float[np.ndarray, "s s 4"]], path: str | Path
) -> Path:
    """Write `preview` as a picture file."""
    from mien.images.writing import write_image

    return write_image(path, preview(data, pictures))
