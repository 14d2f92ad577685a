"""The networks of MoFaNeRF (Zhuang et al., ECCV 2022) and of FLNeRF's variants of it (appendix D)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mien.morphable_fields.config import (
    DIRECTION_CHANNELS,
    DIRECTION_FREQUENCIES,
    POSITION_FREQUENCIES,
    CodeNetworkConfig,
)

SKIP_AFTER = 5
"""Layers of a density or colour MLP after which its input comes in again."""
ENCODER_LAYERS = 4


def encoded(values: Float[Tensor, "*m 3"], frequencies: int) -> Float[Tensor, "*m c"]:
    """p, sin(2⁰p), cos(2⁰p), … of vectors (NeRF, eq. 4, with p itself)."""
    powers = 2.0 ** torch.arange(frequencies, device=values.device, dtype=values.dtype)
    angles = (values[..., None, :] * powers[:, None]).flatten(-2)
    return torch.cat([values, angles.sin(), angles.cos()], dim=-1)


class SkipMlp(nn.Module):
    """`depth` layers with ReLU; from `SKIP_AFTER` on the input is seen again."""

    def __init__(self, channels: int, *, depth: int, width: int) -> None:
        super().__init__()
        sizes = [channels] + [width] * (SKIP_AFTER - 1)
        self.first = nn.ModuleList([nn.Linear(size, width) for size in sizes])
        sizes = [width + channels] + [width] * (depth - SKIP_AFTER - 1)
        self.second = nn.ModuleList([nn.Linear(size, width) for size in sizes])

    def forward(self, features: Float[Tensor, "*m c"]) -> Float[Tensor, "*m w"]:
        hidden = features
        for layer in self.first:
            hidden = torch.relu(layer(hidden))
        hidden = torch.cat([features, hidden], dim=-1)
        for layer in self.second:
            hidden = torch.relu(layer(hidden))
        return hidden


class CodeNetwork(nn.Module):
    """Density and colour of positions under codes: position encoder, density MLP, colour MLP.

    Positions are in units of about half a head; codes come in as they are, without encoding (Table 4's counts
    say so).
    """

    def __init__(self, config: CodeNetworkConfig, *, depth: int, width: int) -> None:
        super().__init__()
        sizes = [config.position_channels] + [width] * (ENCODER_LAYERS - 1)
        self.position = nn.ModuleList([nn.Linear(size, width) for size in sizes])
        self.density_mlp = SkipMlp(width + config.density_channels, depth=depth, width=width)
        self.density = nn.Linear(width, 1)
        self.color_mlp = SkipMlp(width + config.texture_channels, depth=depth, width=width)
        self.seen = nn.Linear(width + DIRECTION_CHANNELS, width // 2)
        self.color = nn.Linear(width // 2, 3)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight, gain=nn.init.calculate_gain("relu"))
                nn.init.zeros_(module.bias)

    def forward(
        self,
        positions: Float[Tensor, "r s 3"],
        directions: Float[Tensor, "r 3"],
        codes: SteeringCodes,
    ) -> tuple[Float[Tensor, "r s"], Float[Tensor, "r s 3"]]:
        """Density (before its activation) and colour (before the sigmoid) of samples of rays.

        Args:
            codes: a row for each ray, or one for all.
        """
        rays, samples = positions.shape[:2]

        def of_samples(code: Tensor) -> Tensor:
            return code[:, None].expand(rays, samples, code.shape[-1])

        hidden = encoded(positions, POSITION_FREQUENCIES)
        if codes.expression is not None:
            hidden = torch.cat([hidden, of_samples(codes.expression)], dim=-1)
        for layer in self.position:
            hidden = torch.relu(layer(hidden))
        shape = self.density_mlp(torch.cat([of_samples(codes.shape), hidden], dim=-1))
        texture = self.color_mlp(torch.cat([of_samples(codes.texture), shape], dim=-1))
        along = of_samples(encoded(directions, DIRECTION_FREQUENCIES))
        color = self.color(torch.relu(self.seen(torch.cat([along, texture], dim=-1))))
        return self.density(shape)[..., 0], color


@dataclass(frozen=True)
class SteeringCodes:
    """What a network is steered with.

    Attributes:
        shape: (R, C) shape code, landmarks, or both, in this order; expression: (R, 30) or None;
        texture: (R, T). One row for all rays, or a row each.
    """

    shape: Float[Tensor, "r c"]
    expression: Float[Tensor, "r e"] | None
    texture: Float[Tensor, "r t"]

    def at(self, rows: Tensor | slice) -> SteeringCodes:
        """Those of some rays."""
        if len(self.texture) == 1:
            return self
        expression = None if self.expression is None else self.expression[rows]
        return SteeringCodes(self.shape[rows], expression, self.texture[rows])


def code_network_pair(config: CodeNetworkConfig) -> tuple[CodeNetwork, CodeNetwork]:
    """The coarse and the fine network, whose parameters Table 4 counts."""
    coarse = CodeNetwork(config, depth=config.coarse_depth, width=config.coarse_width)
    return coarse, CodeNetwork(config, depth=config.fine_depth, width=config.fine_width)


class TextureEncoder(nn.Module):
    """A texture map as a code (MoFaNeRF's TEM): convolutions of stride 2, then a code and its decoder."""

    def __init__(self, config: CodeNetworkConfig) -> None:
        super().__init__()
        layers, channels, side, width = [], 3, config.texture_size, config.texture_width
        while side > 4:
            layers += [nn.Conv2d(channels, width, 3, stride=2, padding=1), nn.LeakyReLU(0.2)]
            channels, width, side = width, min(2 * width, config.texture_channels), side // 2
        self.convolutions = nn.Sequential(*layers)
        self.code = nn.Linear(channels * side**2, config.texture_channels)
        count = config.texture_channels
        self.decoder = nn.Sequential(
            nn.Linear(count, count), nn.LeakyReLU(0.2), nn.Linear(count, count), nn.LeakyReLU(0.2),
            nn.Linear(count, count),
        )  # fmt: skip

    def forward(self, textures: Float[Tensor, "b 3 s s"]) -> Float[Tensor, "b t"]:
        """Codes of maps in [0, 1]."""
        features = self.convolutions(2 * textures - 1).flatten(1)
        return self.decoder(self.code(features))


class ExpressionModulation(nn.Module):
    """Learned expression codes, scaled and moved by who makes the expression (MoFaNeRF's ISM)."""

    def __init__(self, config: CodeNetworkConfig, *, expressions: int = 20, width: int = 256) -> None:
        super().__init__()
        self.codes = nn.Parameter(0.1 * torch.randn(expressions, config.expression_channels))
        sizes = [config.shape_channels] + [width] * 3
        layers: list[nn.Module] = []
        for size in sizes:
            layers += [nn.Linear(size, width), nn.ReLU()]
        self.hidden = nn.Sequential(*layers)
        self.scale = nn.Linear(width, config.expression_channels)
        self.bias = nn.Linear(width, config.expression_channels)
        nn.init.zeros_(self.scale.weight)
        nn.init.ones_(self.scale.bias)

    def forward(
        self, shape: Float[Tensor, "b 50"], expressions: Float[Tensor, "b k"]
    ) -> Float[Tensor, "b e"]:
        """Codes of mixtures of the learned expressions: rows of weights, usually one 1 and zeros."""
        hidden = self.hidden(shape)
        return self.scale(hidden) * (expressions @ self.codes) + self.bias(hidden)
