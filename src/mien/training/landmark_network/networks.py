"""The landmark network: a small convolutional backbone and a head that keeps track of where things are.

Backbones come from the configurations of `transformers`; nothing is downloaded.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from mien.errors import InputError

_PICTURE_MEAN, _PICTURE_SCALE = 0.45, 0.25
"""Rough mean and spread of RGB values in [0, 1]; normalisation is part of the network."""

RESNETS: dict[str, tuple[tuple[int, ...], tuple[int, ...], str]] = {
    "resnet10_half": ((32, 64, 128, 256), (1, 1, 1, 1), "basic"),
    "resnet18_half": ((32, 64, 128, 256), (2, 2, 2, 2), "basic"),
    "resnet18": ((64, 128, 256, 512), (2, 2, 2, 2), "basic"),
    "resnet50": ((256, 512, 1024, 2048), (3, 4, 6, 3), "bottleneck"),
    "resnet101": ((256, 512, 1024, 2048), (3, 4, 23, 3), "bottleneck"),
    "compact14": ((32, 64, 128, 256), (1, 1, 2, 2), "basic"),
    "compact18": ((32, 64, 160, 320), (1, 2, 3, 2), "basic"),
}
"""Channels and number of blocks of the four stages, kind of block. The compact ones spend less at high
resolution, where a CPU waits for memory rather than for arithmetic: a stem of two small convolutions in place
of a wide one and pooling, and the blocks in the later stages."""

NETWORKS = (*RESNETS, "mobilenet_v2", "mobilenet_v2_half")


@dataclass(frozen=True)
class NetworkConfig:
    """Architecture of a landmark network; stored in every checkpoint."""

    network: str = "resnet18_half"
    """Backbone: one of `NETWORKS`."""
    landmarks: int = 320
    """Number of landmarks."""
    input_size: int = 128
    """Side of the crop, pixels."""
    fine_channels: int = 32
    """Channels that the head keeps of the second-smallest feature map (8×8 for a crop of 128)."""
    coarse_channels: int = 64
    """Channels that the head keeps of the smallest feature map (4×4)."""
    hidden: int = 512
    """Width of the head's hidden layer."""
    smallest_log_sigma: float = -5.5
    """Least log σ, in half crop sides: -5.5 is a quarter of a pixel of 128."""
    largest_log_sigma: float = 0.7
    """Greatest log σ: 0.7 is the whole crop."""


class LandmarkOutput(NamedTuple):
    """What the network says about a batch of crops.

    Attributes:
        points: (B, L, 2) expected positions; the crop spans [-1, 1].
        log_sigma: (B, L) log of the standard deviation, in the same units.
        presence: (B,) logit that the crop holds a well-framed face.
    """

    points: Float[Tensor, "batch landmarks 2"]
    log_sigma: Float[Tensor, "batch landmarks"]
    presence: Float[Tensor, " batch"]


class LandmarkNetwork(nn.Module):
    """Crops to landmarks with their uncertainty.

    Global average pooling would throw away where a feature was seen; the head instead flattens the last two
    feature maps, thinned to a few channels.

    Args:
        config: architecture.
        mean_points: (L, 2) mean landmarks in the network's frame, from which training starts.
    """

    def __init__(
        self, config: NetworkConfig, *, mean_points: Float[np.ndarray, "landmarks 2"] | None = None
    ) -> None:
        super().__init__()
        self.config = config
        self.backbone = _backbone(config)
        with torch.no_grad():
            probe = torch.zeros(1, 3, config.input_size, config.input_size)
            maps = copy.deepcopy(self.backbone).eval()(probe)
        (fine_in, fine_side), (coarse_in, coarse_side) = ((one.shape[1], one.shape[-1]) for one in maps)
        self.fine = _thinned(fine_in, config.fine_channels)
        self.coarse = _thinned(coarse_in, config.coarse_channels)
        features = config.fine_channels * fine_side**2 + config.coarse_channels * coarse_side**2
        self.hidden = nn.Sequential(
            nn.Linear(features, config.hidden, bias=False),
            nn.BatchNorm1d(config.hidden),
            nn.ReLU(),
        )
        self.answer = nn.Linear(config.hidden, 3 * config.landmarks + 1)
        with torch.no_grad():
            self.answer.weight.mul_(0.2)
            self.answer.bias.zero_()
            if mean_points is not None:
                bias = torch.as_tensor(np.asarray(mean_points), dtype=torch.float32).reshape(-1)
                self.answer.bias[: 2 * config.landmarks] = bias

    def forward(self, image: Float[Tensor, "batch 3 size size"]) -> LandmarkOutput:
        """Answer for RGB crops in [0, 1]."""
        config = self.config
        fine, coarse = self.backbone((image - _PICTURE_MEAN) / _PICTURE_SCALE)
        features = torch.cat([self.fine(fine).flatten(1), self.coarse(coarse).flatten(1)], dim=1)
        # float32 from here: bfloat16 has 8 bits, too few for positions
        hidden = self.hidden(features).float()
        with torch.autocast(image.device.type, enabled=False):
            answer = self.answer(hidden)
        points = answer[:, : 2 * config.landmarks].reshape(-1, config.landmarks, 2)
        spread = answer[:, 2 * config.landmarks : 3 * config.landmarks]
        # bounded smoothly, and log σ = -2 (13 % of half a side) at the start
        low, high = config.smallest_log_sigma, config.largest_log_sigma
        start = float(np.log((-2.0 - low) / (high + 2.0)))
        log_sigma = low + (high - low) * torch.sigmoid(spread + start)
        return LandmarkOutput(points, log_sigma, answer[:, -1])


def _thinned(channels: int, kept: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, kept, 1, bias=False), nn.BatchNorm2d(kept), nn.ReLU())


def _shrinking(channels: int, made: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, made, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(made), nn.ReLU()
    )


class _LastTwoMaps(nn.Module):
    """Parts of a backbone in order; answers with the last feature map and the last one twice as large."""

    def __init__(self, parts: list[nn.Module], *, fine_part: int) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.fine_part = fine_part

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        current = fine = image
        for index, part in enumerate(self.parts):
            current = part(current)
            if index == self.fine_part:
                fine = current
        return fine, current


def _backbone(config: NetworkConfig) -> _LastTwoMaps:
    if config.network in RESNETS:
        from transformers import ResNetConfig, ResNetModel

        channels, depths, kind = RESNETS[config.network]
        stem = channels[0] // 4 if kind == "bottleneck" else channels[0]
        resnet = ResNetModel(
            ResNetConfig(
                embedding_size=stem, hidden_sizes=list(channels), depths=list(depths), layer_type=kind
            )
        )
        embedder = resnet.embedder
        if config.network.startswith("compact"):
            embedder = nn.Sequential(_shrinking(3, stem // 2), _shrinking(stem // 2, stem))
        return _LastTwoMaps([embedder, *resnet.encoder.stages], fine_part=3)
    if config.network in ("mobilenet_v2", "mobilenet_v2_half"):
        from transformers import MobileNetV2Config, MobileNetV2Model

        width = 0.5 if config.network.endswith("half") else 1.0
        mobile = MobileNetV2Model(MobileNetV2Config(depth_multiplier=width), add_pooling_layer=False)
        # blocks 1-12 keep 1/16 of the size, the rest and the last convolution 1/32
        return _LastTwoMaps([mobile.conv_stem, *mobile.layer, mobile.conv_1x1], fine_part=12)
    raise InputError(
        f"unknown network {config.network!r}; choose one of {', '.join(NETWORKS)}", source="--network"
    )
