"""A person as splats, ready to be driven."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mien.avatars.avatar import Avatar, AvatarFacts
from mien.avatars.rig import AvatarControls, AvatarRig, Injection
from mien.avatars.splats.splat_head import SplatHead, steering
from mien.cameras import Camera

KIND = "splat_avatar"
_WHOLE = "triangles"


class SplatAvatar(Avatar):
    """See `mien.avatars.avatar.Avatar`."""

    kind = KIND

    def __init__(self, splats: SplatHead, rig: AvatarRig, *, camera: Camera, facts: AvatarFacts) -> None:
        self.splats, self.rig, self.camera, self.facts = splats.eval(), rig, camera, facts

    def settings(self) -> dict[str, Any]:
        """What its file says besides what all avatars' do."""
        return {"config": dataclasses.asdict(self.splats.config)}

    def tensors(self) -> dict[str, Tensor]:
        """Its weights, in half precision, and whole numbers of vertices."""
        return {
            name: value.to(torch.int32) if name == _WHOLE else value.half()
            for name, value in self.splats.state_dict().items()
        }

    def _shares(self, injection: Injection) -> Float[Tensor, " n"]:
        """How much each splat follows what is injected: as the mesh does where it sits."""
        of_vertices = torch.from_numpy(self.rig.shares_of(injection).astype(np.float32))
        return (of_vertices[self.splats.triangles] * self.splats.weights).sum(dim=1)

    def picture(
        self, controls: AvatarControls, camera: Camera, *, injection: Injection | None = None
    ) -> Float[np.ndarray, "h w 4"]:
        """See `Avatar`. What is injected moves the splats there and changes their colours."""
        vertices_m = torch.from_numpy(self.rig.vertices_m(controls, injection=injection).astype(np.float32))
        with torch.no_grad():
            code = self.splats.codes(steering(controls))
            if injection is not None:
                other = self.splats.codes(steering(replace(controls, weights=injection.weights)))
                code = code[:, None] + (other - code)[:, None] * self._shares(injection)
            drawn = self.splats(vertices_m, code, camera)
        return drawn.numpy().astype(float).clip(0, 1)
