"""Surface avatars that have learned nothing yet."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float

from mien.avatars.avatar import AvatarFacts
from mien.avatars.rig import AvatarRig
from mien.avatars.surface_avatar import SurfaceAvatar
from mien.avatars.surface_config import SurfaceAvatarConfig
from mien.avatars.surface_features import SurfaceMapper
from mien.avatars.surface_network import SurfaceNetwork
from mien.cameras import Camera


def new_surface_avatar(
    config: SurfaceAvatarConfig,
    identity: Float[np.ndarray, " identity"],
    *,
    camera: Camera,
    facts: AvatarFacts,
) -> SurfaceAvatar:
    """Of a person's shape, before any picture."""
    rig = AvatarRig(identity, points=34)
    support = torch.from_numpy(SurfaceMapper(rig).support())
    return SurfaceAvatar(SurfaceNetwork(config, support), rig, camera=camera, facts=facts)
