"""What an avatar is worth on frames that it never saw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from mien.avatars.dataset import AvatarData
from mien.avatars.frames import feature_masks
from mien.avatars.rig import AvatarControls, AvatarRig

Painter = Callable[[int], Float[np.ndarray, "s s 4"]]
"""The premultiplied picture of a frame."""


@dataclass(frozen=True)
class FrameScores:
    """Means over frames; everything over white.

    Attributes:
        frames: how many.
        psnr_db: inside the silhouette; mouth_db, eyes_db: there; whole_db: where the matte is known.
        l1: mean absolute difference inside the silhouette, values in [0, 1].
    """

    frames: int
    psnr_db: float
    mouth_db: float
    eyes_db: float
    whole_db: float
    l1: float


def compared(
    data: AvatarData, row: int, made: Float[np.ndarray, "s s 4"]
) -> tuple[Float[np.ndarray, "s s 3"], Float[np.ndarray, "s s 3"]]:
    """A frame and a picture over white, alike where the frame's matte is not known."""
    rgba = data.rgba[row] / 255.0
    truth = rgba[..., :3] * rgba[..., 3:] + (1 - rgba[..., 3:])
    picture = np.clip(made[..., :3] + (1 - made[..., 3:]), 0, 1)
    return truth, np.where(data.known[row][..., None] > 127, picture, truth)


def score_frames(
    data: AvatarData, rig: AvatarRig, controls: list[AvatarControls], rows: list[int], painter: Painter
) -> FrameScores:
    """Compare pictures with frames.

    Args:
        rows: of the data.
        painter: asked for each of them.
    """
    each: list[list[float]] = []
    for row in rows:
        truth, picture = compared(data, row, painter(row))
        known = data.known[row] > 127
        inside = known & (data.rgba[row, ..., 3] > 127)
        masks = feature_masks(data, rig, controls[row], row)
        mouth, eyes = masks["mouth"] & inside, (masks["left_eye"] | masks["right_eye"]) & inside
        each.append([
            _psnr(truth, picture, inside), _psnr(truth, picture, mouth), _psnr(truth, picture, eyes),
            _psnr(truth, picture, known), float(np.abs(truth - picture)[inside].mean()),
        ])  # fmt: skip
    return FrameScores(len(rows), *np.nanmean(np.array(each), axis=0).tolist())


def _psnr(truth: np.ndarray, picture: np.ndarray, mask: Bool[np.ndarray, "s s"]) -> float:
    if not mask.any():
        return float("nan")
    return float(-10 * np.log10(max(float(np.mean((truth - picture)[mask] ** 2)), 1e-10)))
