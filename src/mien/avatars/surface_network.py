"""A learned texture on the fitted head and a small network that draws it (deferred neural rendering: Thies et
al. 2019), with weights that count only where their shapes move the surface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from mien.avatars.surface_config import SurfaceAvatarConfig
from mien.avatars.surface_features import PLANES_M, SurfaceMaps


@dataclass(frozen=True, eq=False)
class MapTensors:
    """`SurfaceMaps` of one picture as tensors: (N,) vertex of the N covered pixels, (H, W, 2) uv,
    (4, H, W) normals and mask, the same of the shell, (P, H, W, 2) planes."""

    vertex: Tensor
    covered: Tensor
    uv: Tensor
    normals: Tensor
    shell_uv: Tensor
    shell: Tensor
    planes: Tensor
    weights: Tensor
    shares: Tensor | None
    injected: Tensor | None

    @staticmethod
    def of(maps: SurfaceMaps) -> MapTensors:
        flat = torch.from_numpy(maps.vertex.reshape(-1))
        covered = (flat >= 0).nonzero()[:, 0]
        mask = torch.from_numpy((maps.vertex >= 0).astype(np.float32))[None]
        normals = torch.from_numpy(np.ascontiguousarray(maps.normals.transpose(2, 0, 1)))
        shell = torch.from_numpy(np.ascontiguousarray(maps.shell_normals.transpose(2, 0, 1)))
        return MapTensors(
            flat[covered].long(),
            covered,
            torch.from_numpy(maps.uv),
            torch.cat([normals, mask]),
            torch.from_numpy(maps.shell_uv),
            torch.cat([shell, (shell != 0).any(dim=0, keepdim=True).float()]),
            torch.from_numpy(maps.planes),
            torch.from_numpy(maps.weights),
            None if maps.shares is None else torch.from_numpy(maps.shares),
            None if maps.injected is None else torch.from_numpy(maps.injected),
        )


class SurfaceNetwork(nn.Module):
    """From maps to a picture.

    Args:
        support: (V, E) how much each weight matters at each vertex.
        colors: (S, S, 3) what the texture begins with, in [0, 1]; grey when None.
    """

    support: Tensor

    def __init__(
        self,
        config: SurfaceAvatarConfig,
        support: Float[Tensor, "vertices expression"],
        *,
        colors: Float[Tensor, "size size 3"] | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("support", support)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            size, channels = config.texture, config.texture_features
            # The first three numbers of a texel are its colour, before the sigmoid
            texture = 0.1 * torch.randn(1, 3 + channels, size, size)
            if colors is not None:
                texture[0, :3] = torch.logit(colors.permute(2, 0, 1).clamp(0.02, 0.98))
            self.texture = nn.Parameter(texture)
            self.shell = nn.Parameter(0.1 * torch.randn(1, config.shell_features, size // 2, size // 2))
            self.planes = nn.Parameter(
                0.1 * torch.randn(len(PLANES_M), config.plane_features, config.plane, config.plane)
            )
            self.expression = nn.Linear(support.shape[1], config.expression_features)
            inputs = (
                3
                + channels
                + config.shell_features
                + 4
                + len(PLANES_M) * config.plane_features
                + config.expression_features
                + 4
            )
            w = config.width
            self.enter = nn.Conv2d(inputs, w, 1)
            self.down1 = _block(w, 2 * w, stride=2)
            self.down2 = _block(2 * w, 3 * w, stride=2)
            self.down3 = _block(3 * w, 4 * w, stride=2)
            self.up2 = _block(7 * w, 3 * w)
            self.up1 = _block(5 * w, 2 * w)
            self.up0 = nn.Conv2d(2 * w, w, 1)
            self.out = nn.Sequential(
                nn.Conv2d(2 * w, w, 3, padding=1), nn.LeakyReLU(0.1), nn.Conv2d(w, 4, 3, padding=1)
            )

    def forward(self, pictures: Sequence[MapTensors], *, noise: float = 0.0) -> Float[Tensor, "b 4 h w"]:
        """Colours in [0, 1], not premultiplied, and alpha."""
        entered = torch.stack([self._features(one, noise) for one in pictures])
        painted = functional.pad(entered[:, :3], (0, 0, 0, 0, 0, 1))
        zero = functional.leaky_relu(self.enter(entered), 0.1)
        one = self.down1(zero)
        two = self.down2(one)
        three = self.down3(two)
        two = self.up2(torch.cat([_twice(three, two), two], dim=1))
        one = self.up1(torch.cat([_twice(two, one), one], dim=1))
        return torch.sigmoid(painted + self.out(torch.cat([_twice(self.up0(one), zero), zero], dim=1)))

    def _features(self, maps: MapTensors, noise: float) -> Float[Tensor, "c h w"]:
        config, shape = self.config, maps.uv.shape[:2]
        texture = functional.grid_sample(
            self.texture, maps.uv[None], align_corners=False, padding_mode="border"
        )[0]
        mask = maps.normals[3:]
        planes = functional.grid_sample(self.planes, maps.planes, align_corners=False, padding_mode="zeros")
        weights = maps.weights
        if noise:
            weights = weights + noise * torch.randn_like(weights)
            if float(torch.rand(())) < config.weights_hidden:
                weights = torch.zeros_like(weights)
        local = self.support.index_select(0, maps.vertex)
        if maps.shares is None or maps.injected is None:
            local = local * weights
        else:
            share = maps.shares.index_select(0, maps.vertex)[:, None]
            local = local * (weights + share * (maps.injected - weights))
        made = self.expression(local)
        expression = made.new_zeros(shape[0] * shape[1], config.expression_features)
        expression = expression.index_copy(0, maps.covered, made).T.reshape(-1, *shape)
        shell = functional.grid_sample(
            self.shell, maps.shell_uv[None], align_corners=False, padding_mode="border"
        )[0]
        shell = torch.cat([shell * maps.shell[3:], maps.shell])
        return torch.cat([texture * mask, shell, planes.flatten(0, 1), expression, maps.normals])


def _block(inputs: int, outputs: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, stride=stride),
        nn.LeakyReLU(0.1),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.LeakyReLU(0.1),
    )


def _twice(small: Tensor, like: Tensor) -> Tensor:
    return functional.interpolate(small, size=like.shape[2:], mode="bilinear", align_corners=False)
