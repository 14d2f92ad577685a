"""Surface avatars out of files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from mien.avatars.avatar import AvatarFacts
from mien.avatars.rig import AvatarRig
from mien.avatars.surface_avatar import SurfaceAvatar
from mien.avatars.surface_config import SurfaceAvatarConfig
from mien.avatars.surface_features import SurfaceMapper
from mien.avatars.surface_network import SurfaceNetwork
from mien.cameras import Camera
from mien.learning.stored_tensors import check_shapes, checked_tensors
from mien.reading.file_values import FileValues
from mien.reading.safetensors_files import open_safetensors
from mien.reading.settings import checked_settings

_RANGES: dict[str, tuple[float, float]] = {
    "texture": (2, 4096), "texture_features": (1, 256), "plane": (2, 4096), "plane_features": (1, 256),
    "shell_features": (1, 256),
    "expression_features": (1, 256), "width": (1, 256),
}  # fmt: skip


def surface_avatar(
    document: dict[str, Any],
    values: FileValues,
    weights: Path,
    *,
    identity: np.ndarray,
    camera: Camera,
    facts: AvatarFacts,
) -> SurfaceAvatar:
    """Of what its two files hold.

    Raises:
        InputError: they are damaged.
    """
    config = checked_settings(
        SurfaceAvatarConfig, document.get("config"), source=values.source, what="config", ranges=_RANGES
    )
    rig = AvatarRig(identity, points=34)
    support = torch.from_numpy(SurfaceMapper(rig).support())
    with open_safetensors(
        weights, what="is damaged and holds no weights; copy the avatar again", missing="is missing"
    ) as file:
        members = dict(file.members)
        shapes = {name: member.shape for name, member in members.items()}
        check_shapes(
            lambda: SurfaceNetwork(config, support),
            {**shapes, "support": tuple(support.shape)},
            source=weights,
        )
        network = SurfaceNetwork(config, support)
        network.load_state_dict({**checked_tensors(members, source=weights), "support": support})
    return SurfaceAvatar(network, rig, camera=camera, facts=facts)
