"""Splat avatars out of files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from mien.avatars.avatar import AvatarFacts
from mien.avatars.rig import AvatarControls, AvatarRig
from mien.avatars.splats.config import SplatAvatarConfig
from mien.avatars.splats.splat_avatar import SplatAvatar
from mien.avatars.splats.splat_head import SplatHead, steering
from mien.cameras import Camera
from mien.learning.stored_tensors import check_shapes, checked_tensors
from mien.reading.file_values import FileValues
from mien.reading.safetensors_files import open_safetensors
from mien.reading.settings import checked_settings

_RANGES: dict[str, tuple[float, float]] = {
    "on_skin": (1, 1_000_000), "in_hair": (0, 1_000_000), "codes": (0, 256), "steps": (1, 1e9),
}  # fmt: skip


def splat_avatar(
    document: dict[str, Any],
    values: FileValues,
    weights: Path,
    *,
    identity: np.ndarray,
    camera: Camera,
    facts: AvatarFacts,
) -> SplatAvatar:
    """Of what its two files hold.

    Raises:
        InputError: they are damaged.
    """
    config = checked_settings(
        SplatAvatarConfig, document.get("config"), source=values.source, what="config", ranges=_RANGES
    )
    rig = AvatarRig(identity, points=34)
    controls = len(steering(AvatarControls(rig.rest_weights, np.zeros((2, 3)))))
    with open_safetensors(
        weights, what="is damaged and holds no weights; copy the avatar again", missing="is missing"
    ) as file:
        shapes = {name: member.shape for name, member in file.members.items()}
        check_shapes(lambda: SplatHead(config, controls=controls), shapes, source=weights)
        tensors = checked_tensors(file.members, source=weights)
    triangles = tensors["triangles"]
    if triangles.dtype != torch.int32 or triangles.min() < 0 or triangles.max() >= rig.head.vertex_count:
        raise values.damaged("its splats sit on vertices that the head does not have")
    splats = SplatHead(config, controls=controls)
    splats.load_state_dict({
        name: value.long() if name == "triangles" else value.float() for name, value in tensors.items()
    })  # fmt: skip
    return SplatAvatar(splats, rig, camera=camera, facts=facts)
