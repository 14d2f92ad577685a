"""The face-search network: small, fully convolutional, one cell per 8 pixels."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from mien.training.search.config import SearchNetworkConfig

_PICTURE_MEAN, _PICTURE_SCALE = 0.45, 0.25
"""Rough mean and spread of RGB values in [0, 1]; normalisation is part of the network."""


class SearchOutput(NamedTuple):
    """What the network says about pictures.

    Attributes:
        score: (B, 1, H/8, W/8) logit that a face's centre lies in the cell.
        geometry: (B, 5, H/8, W/8) where, how large and how turned: see `mien.landmarks.candidates.encode`.
    """

    score: Float[Tensor, "batch 1 rows columns"]
    geometry: Float[Tensor, "batch 5 rows columns"]


class _Convolution(nn.Module):
    """Convolution and normalisation, which become one convolution for use."""

    def __init__(self, before: int, after: int, *, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        self.convolution: nn.Module = nn.Conv2d(
            before, after, 3, stride=stride, padding=dilation, dilation=dilation, bias=False
        )
        self.normalisation: nn.Module = nn.BatchNorm2d(after)

    def forward(self, features: Tensor) -> Tensor:
        return self.normalisation(self.convolution(features))

    def fold(self) -> None:
        """Fold the normalisation's running statistics into the convolution; for networks in eval mode."""
        self.convolution = fuse_conv_bn_eval(self.convolution, self.normalisation)  # type: ignore[type-var]
        self.normalisation = nn.Identity()


class _Residual(nn.Module):
    def __init__(self, channels: int, *, dilation: int) -> None:
        super().__init__()
        self.change = _Convolution(channels, channels, dilation=dilation)

    def forward(self, features: Tensor) -> Tensor:
        return torch.relu(features + self.change(features))


class SearchNetwork(nn.Module):
    """Pictures of any size (a multiple of 8) to face candidates per cell."""

    def __init__(self, config: SearchNetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config or SearchNetworkConfig()
        first, second, third = self.config.stem
        self.stem = nn.Sequential(
            _Convolution(3, first, stride=2), nn.ReLU(inplace=True),
            _Convolution(first, second, stride=2), nn.ReLU(inplace=True),
            _Residual(second, dilation=1),
            _Convolution(second, third, stride=2), nn.ReLU(inplace=True),
        )  # fmt: skip
        self.body = nn.Sequential(*(_Residual(third, dilation=step) for step in self.config.dilations))
        self.answer = nn.Conv2d(third, 6, 1)
        # faces are rare: start out doubting; and upright, of middle size
        self.answer.bias = nn.Parameter(torch.tensor([-4.0, 0.0, 0.0, 0.5, 0.9, 0.0]))
        with torch.no_grad():
            self.answer.weight.mul_(0.3)

    def forward(self, image: Float[Tensor, "batch 3 height width"]) -> SearchOutput:
        """Answer for RGB pictures in [0, 1]."""
        features = self.body(self.stem((image - _PICTURE_MEAN) / _PICTURE_SCALE))
        answer = self.answer(features)
        return SearchOutput(answer[:, :1], answer[:, 1:])

    def fold(self) -> None:
        """Fold all normalisations in place (in eval mode): the answers stay, the work shrinks."""
        for module in self.modules():
            if isinstance(module, _Convolution):
                module.fold()
