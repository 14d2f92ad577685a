"""The landmark network: a backbone and a decoder that keeps track of where things are."""

from __future__ import annotations

import copy
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from mien.errors import InputError
from mien.heads.mesh_hierarchy.hierarchy import MeshHierarchy
from mien.learning.devices import full_precision
from mien.training.landmarks.backbones import NETWORKS as NETWORKS
from mien.training.landmarks.backbones import make_backbone
from mien.training.landmarks.config import SizedLandmarkNetworkConfig
from mien.training.landmarks.spiral_decoder import SpiralDecoder

_PICTURE_MEAN, _PICTURE_SCALE = 0.45, 0.25
"""Rough mean and spread of RGB values in [0, 1]; normalisation is part of the network."""

_MIN_SCALE = -9.0
"""Least (and, negated, greatest) log of a scale that has no limits of its own; keeps the loss finite."""

DECODERS = ("mlp", "linear", "spiral")
"""Known to `_decoder`."""
SIGMA_FORMS = ("bounded", "sigmoid", "exponential")
"""Known to `_log_sigma`."""


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

    Global average pooling would throw away where a feature was seen; the decoder instead gets the last two
    feature maps, thinned to a few channels and flattened.

    Args:
        config: architecture.
        mean_points: (L, 2) mean landmarks in the network's frame, from which training starts.
        hierarchy: the landmark mesh for a spiral decoder that is to be trained; a checkpoint holds its own.

    Raises:
        InputError: the configuration names something unknown.
    """

    def __init__(
        self,
        config: SizedLandmarkNetworkConfig,
        *,
        mean_points: Float[np.ndarray, "landmarks 2"] | None = None,
        hierarchy: MeshHierarchy | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        _check(config)
        self.backbone = make_backbone(config.network, input_size=config.input_size)
        with torch.no_grad():
            probe = torch.zeros(1, 3, config.input_size, config.input_size)
            maps = copy.deepcopy(self.backbone).eval()(probe)
        (fine_in, fine_side), (coarse_in, coarse_side) = ((one.shape[1], one.shape[-1]) for one in maps)
        self.fine = _thinned(fine_in, config.fine_channels)
        self.coarse = _thinned(coarse_in, config.coarse_channels)
        features = config.fine_channels * fine_side**2 + config.coarse_channels * coarse_side**2
        self.hidden, self.answer = _decoder(config, features, hierarchy)
        bias = None if mean_points is None else torch.as_tensor(np.asarray(mean_points), dtype=torch.float32)
        if isinstance(self.answer, SpiralDecoder):
            self.answer.start_at(bias)
        else:
            with torch.no_grad():
                self.answer.weight.mul_(0.2)
                self.answer.bias.zero_()
                if bias is not None:
                    self.answer.bias[: 2 * config.landmarks] = bias.reshape(-1)
        if config.sigma != "bounded":
            # log of the residual distribution's standard deviation, see losses/residual.py
            self.register_buffer("residual_log_sigma", torch.zeros(()))

    def forward(self, image: Float[Tensor, "batch 3 size size"]) -> LandmarkOutput:
        """Answer for RGB crops in [0, 1]."""
        config = self.config
        fine, coarse = self.backbone((image - _PICTURE_MEAN) / _PICTURE_SCALE)
        features = torch.cat([self.fine(fine).flatten(1), self.coarse(coarse).flatten(1)], dim=1)
        # float32 from here: bfloat16 has 8 bits, too few for positions
        hidden = self.hidden(features).float()
        with full_precision(image.device):
            answer = self.answer(hidden)
        points = answer[:, : 2 * config.landmarks].reshape(-1, config.landmarks, 2)
        spread = answer[:, 2 * config.landmarks : 3 * config.landmarks]
        return LandmarkOutput(points, self._log_sigma(spread), answer[:, -1])

    def _log_sigma(self, spread: Tensor) -> Tensor:
        config = self.config
        # in every form log σ = -2 (13 % of half a side) at the start
        if config.sigma == "bounded":  # smoothly
            low, high = config.smallest_log_sigma, config.largest_log_sigma
            start = float(np.log((-2.0 - low) / (high + 2.0)))
            return low + (high - low) * torch.sigmoid(spread + start)
        if config.sigma == "sigmoid":
            log_sigma = nn.functional.logsigmoid(spread + float(np.log(np.exp(-2) / (1 - np.exp(-2)))))
        else:
            log_sigma = spread - 2.0
        log_sigma = log_sigma.clamp(_MIN_SCALE, -_MIN_SCALE)
        # σ̂ scales the learnt residual distribution; who uses the network wants a standard deviation
        return log_sigma if self.training else log_sigma + self.get_buffer("residual_log_sigma")


def _check(config: SizedLandmarkNetworkConfig) -> None:
    for option, value, known in (
        ("--decoder", config.decoder, DECODERS),
        ("--loss", config.sigma, SIGMA_FORMS),
    ):
        if value not in known:
            raise InputError(f"unknown choice {value!r}; choose one of {', '.join(known)}", source=option)
    if config.decoder == "spiral" and (not config.mesh_sizes or config.mesh_sizes[0] != config.landmarks):
        raise InputError(
            f"the spiral decoder needs the sizes of a mesh of {config.landmarks} landmarks, got "
            f"{config.mesh_sizes}; take them from mesh.hierarchy.build_hierarchy",
            source="mesh_sizes",
        )


def _decoder(
    config: SizedLandmarkNetworkConfig, features: int, hierarchy: MeshHierarchy | None
) -> tuple[nn.Module, nn.Linear | SpiralDecoder]:
    """What comes before the answer, and what answers with 3 values a landmark and the presence."""
    if config.decoder == "spiral":
        return nn.Identity(), SpiralDecoder(
            features,
            sizes=config.mesh_sizes,
            spiral_length=config.spiral_length,
            channels=config.spiral_channels,
            hierarchy=hierarchy,
        )
    if config.decoder == "linear":
        return nn.Identity(), nn.Linear(features, 3 * config.landmarks + 1)
    hidden = nn.Sequential(
        nn.Linear(features, config.hidden, bias=False),
        nn.BatchNorm1d(config.hidden),
        nn.ReLU(),
    )
    return hidden, nn.Linear(config.hidden, 3 * config.landmarks + 1)


def _thinned(channels: int, kept: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, kept, 1, bias=False), nn.BatchNorm2d(kept), nn.ReLU())
