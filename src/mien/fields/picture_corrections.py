"""What differs from picture to picture besides the view: exposure, and small errors of the camera's pose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from mien.cameras import Camera
from mien.fields.rendering.rays import Rays

EXPOSURE_DEVIATION = 0.3
"""Of the logarithm of a picture's gains, as believed beforehand."""


class PictureCorrections(nn.Module):
    """Gains of the three channels and a small motion of the camera, for each picture.

    Args:
        pictures: how many.
        unit_m: length about as large as the scene's half side: shifts are learned in it.
        exposure, cameras: which of them are learned; the others stay as they are.
    """

    def __init__(self, pictures: int, *, unit_m: float, exposure: bool, cameras: bool) -> None:
        super().__init__()
        self.exposure, self.cameras, self.unit_m = exposure, cameras, unit_m
        self.log_gain = nn.Parameter(torch.zeros(pictures, 3), requires_grad=exposure)
        self.turn = nn.Parameter(torch.zeros(pictures, 3), requires_grad=cameras)
        self.shift = nn.Parameter(torch.zeros(pictures, 3), requires_grad=cameras)

    def moved(self, rays: Rays, picture: Int[Tensor, " r"]) -> Rays:
        """Rays as the corrected cameras send them; `picture` is each one's."""
        if not self.cameras:
            return rays
        turn = self.turn.index_select(0, picture)
        directions = functional.normalize(rays.directions + torch.linalg.cross(turn, rays.directions), dim=1)
        return Rays(rays.origins_m + self.unit_m * self.shift.index_select(0, picture), directions)

    def cameras_of(self, cameras: Sequence[Camera]) -> tuple[Camera, ...]:
        """The cameras as corrected."""
        if not self.cameras:
            return tuple(cameras)
        turns, shifts = self.turn.detach().cpu().numpy(), self.shift.detach().cpu().numpy()
        out = []
        for camera, turn, shift in zip(cameras, turns.astype(float), shifts.astype(float), strict=True):
            pose = camera.world_from_camera
            # What `moved` does to directions is a rotation up to terms of second order
            skew = np.array([[0, -turn[2], turn[1]], [turn[2], 0, -turn[0]], [-turn[1], turn[0], 0]])
            u, _, vt = np.linalg.svd(np.eye(3) + skew)
            rotation = u @ vt @ pose[:3, :3]
            centre_m = pose[:3, 3] + self.unit_m * shift
            matrix = np.eye(4)
            matrix[:3, :3], matrix[:3, 3] = rotation.T, -rotation.T @ centre_m
            out.append(replace(camera, camera_from_world=matrix))
        return tuple(out)

    def exposed(self, rgb: Float[Tensor, "r 3"], picture: Int[Tensor, " r"]) -> Float[Tensor, "r 3"]:
        """Colours as each picture's exposure shows them. All pictures together keep their brightness."""
        if not self.exposure:
            return rgb
        log_gain = self.log_gain - self.log_gain.mean(dim=0)
        return rgb * log_gain.index_select(0, picture).exp()

    def prior(self, *, turn_rad: float, shift_m: float) -> Tensor:
        """Half the mean squared corrections over their deviations."""
        total = self.turn.new_zeros(())
        if self.exposure:
            total = total + (self.log_gain / EXPOSURE_DEVIATION).square().mean() / 2
        if self.cameras:
            total = total + (self.turn / turn_rad).square().mean() / 2
            total = total + (self.shift * (self.unit_m / shift_m)).square().mean() / 2
        return total
