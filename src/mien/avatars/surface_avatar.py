"""The quick avatar: a learned texture on the fitted head, ready to be driven."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mien.avatars.avatar import Avatar, AvatarFacts
from mien.avatars.rig import AvatarControls, AvatarRig, Injection
from mien.avatars.surface_features import SurfaceMapper, SurfaceMaps
from mien.avatars.surface_network import MapTensors, SurfaceNetwork
from mien.cameras import Camera

KIND = "surface_avatar"
MULTIPLE = 8
"""Pictures have sides of a multiple of this while they are drawn: the network halves them three times."""


class SurfaceAvatar(Avatar):
    """See `mien.avatars.avatar.Avatar`."""

    kind = KIND

    def __init__(
        self, network: SurfaceNetwork, rig: AvatarRig, *, camera: Camera, facts: AvatarFacts
    ) -> None:
        self.network, self.rig, self.camera, self.facts = network.eval(), rig, camera, facts
        self._mapper = SurfaceMapper(rig)

    def settings(self) -> dict[str, Any]:
        """What its file says besides what all avatars' do."""
        return {"config": dataclasses.asdict(self.network.config)}

    def tensors(self) -> dict[str, Tensor]:
        """Its weights."""
        return {name: value for name, value in self.network.state_dict().items() if name != "support"}

    def picture(
        self, controls: AvatarControls, camera: Camera, *, injection: Injection | None = None
    ) -> Float[np.ndarray, "h w 4"]:
        """See `Avatar`."""
        return drawn(self.network, self._mapper.maps(controls, camera, injection=injection))


@torch.no_grad()
def drawn(network: SurfaceNetwork, maps: SurfaceMaps) -> Float[np.ndarray, "h w 4"]:
    """Premultiplied colour and alpha in [0, 1]."""
    network.eval()
    made = network([MapTensors.of(maps)])[0].permute(1, 2, 0).numpy().astype(float)
    made[..., 3] = np.clip((made[..., 3] - 0.02) / 0.96, 0, 1)
    return np.concatenate([made[..., :3] * made[..., 3:], made[..., 3:]], axis=2)
