"""A splat avatar as one web page: all is linear in the controls, so a browser can do it alone."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float

from mien.avatars.pages import write_page
from mien.avatars.rig import AvatarControls
from mien.avatars.splats.splat_avatar import SplatAvatar
from mien.avatars.splats.splat_head import BLUR_PX2, PLACE_UNIT_M, SplatHead, rotations, steering
from mien.checked_calls import checked_call

TEMPLATE = Path(__file__).parent / "data" / "player.html"
_JOINT_STEP_RAD = 0.2
"""Joint rotations are taken as linear over this much."""
_FADED = 0.02
"""Splats that never get more opaque than this are left out."""


@checked_call
def write_player_page(
    avatar: SplatAvatar,
    path: str | Path,
    *,
    sequence: Sequence[AvatarControls] = (),
    frames_per_second: float = 25.0,
) -> Path:
    """Write the page: turn it with the mouse, move its 52 ARKit weights, play a sequence.

    Args:
        avatar: whom it shows.
        path: of the .html; it needs nothing else, no network either.
        sequence: what to play, moment by moment; nothing: it plays nothing.
        frames_per_second: of the sequence.

    Raises:
        OutputError: the place takes no files.
    """
    content = player_content(avatar, sequence=sequence, frames_per_second=frames_per_second)
    write_page(TEMPLATE, content, path)
    return Path(path)


def player_content(
    avatar: SplatAvatar, *, sequence: Sequence[AvatarControls] = (), frames_per_second: float = 25.0
) -> dict[str, Any]:
    """What the page holds: arrays as base64, little-endian, with the scale of each row of 8-bit numbers."""
    rig, splats = avatar.rig, avatar.splats
    rest = AvatarControls(np.zeros(rig.head.expression_count), np.zeros((2, 3)))
    with torch.no_grad():
        points_m, frames = _anchored(avatar, rest)
        kept = shown_splats(splats)
        offsets_m = torch.einsum("nij,nj->ni", frames, splats.offsets_m)
        axes = frames @ rotations(splats.quaternions) * torch.exp(splats.log_scales)[:, None]
        covariances = (axes @ axes.transpose(1, 2)).numpy()[kept]
        places_m = (points_m + offsets_m).numpy()[kept]
        moves_m = np.stack([
            ((_anchored(avatar, moved)[0] - points_m) / step).numpy()[kept]
            for moved, step in _one_by_one(rest)
        ])  # fmt: skip
        shifts_m = PLACE_UNIT_M * torch.einsum("nij,knj->kni", frames, splats.place_changes).numpy()[:, kept]
    corner = np.triu_indices(3)
    controls = [steering(one).numpy() for one in sequence]
    return {
        "source": avatar.facts.source,
        "weights": list(rig.head.expression_names),
        "rest": steering(rest).tolist(),
        "count": int(kept.sum()),
        "codes": len(splats.codes.components),
        "code_mean": splats.codes.mean.tolist(),
        "code_low": splats.codes.low.tolist(),
        "code_high": splats.codes.high.tolist(),
        "code_rows": _packed(splats.codes.components.numpy()),
        "blur": BLUR_PX2,
        "size": avatar.camera.width_px,
        "places": _packed(places_m),
        "normals": _packed(frames[:, :, 2].numpy()[kept]),
        "covariances": _packed(covariances[:, corner[0], corner[1]]),
        "colors": _packed(splats.color_logits.detach().numpy()[kept]),
        "opacities": _packed(splats.opacity_logits.detach().numpy()[kept]),
        "moves": _bytes_of(moves_m),
        "shifts": _bytes_of(shifts_m),
        "color_changes": _bytes_of(splats.color_changes.detach().numpy()[:, kept]),
        "opacity_changes": _bytes_of(splats.opacity_changes.detach().numpy()[:, kept]),
        "intrinsics": (np.asarray(avatar.camera.intrinsics) / avatar.camera.width_px).tolist(),
        "camera_from_skull": np.asarray(avatar.camera.camera_from_world).tolist(),
        "sequence": [np.round(row, 4).tolist() for row in controls],
        "frames_per_second": frames_per_second,
    }


def shown_splats(splats: SplatHead) -> Bool[np.ndarray, " n"]:
    """Which splats a page holds: those that may ever be seen."""
    codes = torch.maximum(splats.codes.low.abs(), splats.codes.high.abs())
    with torch.no_grad():
        most = splats.opacity_logits + codes @ splats.opacity_changes.abs()
        return (torch.sigmoid(most) >= _FADED).numpy()


def _anchored(avatar: SplatAvatar, controls: AvatarControls) -> tuple[torch.Tensor, torch.Tensor]:
    vertices_m = avatar.rig.vertices_m(controls).astype(np.float32)
    return avatar.splats.anchored(torch.from_numpy(vertices_m))


def _one_by_one(rest: AvatarControls) -> list[tuple[AvatarControls, float]]:
    """The head with each control moved alone, and by how much, in the order of `steering`."""
    moved = []
    for index in range(len(rest.weights)):
        weights = rest.weights.copy()
        weights[index] += 1.0
        moved.append((replace(rest, weights=weights), 1.0))
    for index in range(rest.neck.size):
        neck = rest.neck.copy()
        neck.flat[index] += _JOINT_STEP_RAD
        moved.append((replace(rest, neck=neck), _JOINT_STEP_RAD))
    return moved


def _packed(values: Float[np.ndarray, ...]) -> str:
    """float32 numbers as base64."""
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode("ascii")


def _bytes_of(rows: Float[np.ndarray, "rows ..."]) -> dict[str, Any]:
    """Rows of numbers as signed bytes, each row with a scale of its own."""
    flat = rows.reshape(len(rows), -1)
    scales = np.maximum(np.abs(flat).max(axis=1, initial=0), 1e-12) / 127
    numbers = np.rint(flat / scales[:, None]).astype(np.int8)
    return {"scales": scales.tolist(), "bytes": base64.b64encode(numbers.tobytes()).decode("ascii")}
