"""The read-out: what frozen encoders say about a crop to dense landmarks with their uncertainty."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mien.datasets.encoders import CROP_PX
from mien.training.landmarks.networks import LandmarkOutput
from mien.training.read_out.config import SizedReadOutConfig
from mien.training.read_out.similarity import complex_products, similarity_onto

_START_LOG_SIGMA = -2.5
"""log σ at the start, in the unit of the face's own frame: the root-mean-square radius of its points."""


class ReadOut(nn.Module):
    """Encodings to landmarks.

    Everything happens in the face's own frame: a similarity takes the first encoder's points to their mean
    shape, so that what is left to vary is the person, the expression and the turn of the head, and not where
    the crop happens to lie. The answer is taken back into the crop by the similarity's inverse.
    """

    reference: Tensor
    input_mean: Tensor
    input_scale: Tensor
    label_mean: Tensor
    label_scale: Tensor

    def __init__(self, config: SizedReadOutConfig) -> None:
        super().__init__()
        self.config = config
        self._folded = False
        flat = sum(channels for places, channels in config.groups if places == 1)
        self.register_buffer("reference", torch.zeros(config.first_points, 2))
        inputs = 3 * config.points + flat
        self.register_buffer("input_mean", torch.zeros(inputs))
        self.register_buffer("input_scale", torch.ones(inputs))
        self.register_buffer("label_mean", torch.zeros(config.landmarks, 2))
        self.register_buffer("label_scale", torch.ones(()))
        self.places = nn.ModuleList(
            AtPlaces(places, channels, config.place)
            for places, channels in config.groups
            if places > 1 and config.place
        )
        inputs += sum(places * config.place for places, _ in config.groups if places > 1)
        self.linear = nn.Linear(inputs, config.linear)
        self.rectified = nn.Linear(inputs, config.hidden)
        self.further = nn.Linear(config.hidden, config.hidden)
        self.dropout = nn.Dropout(config.dropout)
        self.answer = nn.Linear(config.linear + config.hidden, 3 * config.landmarks + 1)
        with torch.no_grad():
            self.answer.weight.mul_(0.1)
            self.answer.bias.zero_()
            self.further.weight.mul_(0.3)

    def aligned(
        self, points: Float[Tensor, "batch points 3"]
    ) -> tuple[Float[Tensor, "batch points 3"], Float[Tensor, "batch 2"], Float[Tensor, "batch 2"]]:
        """Points in the face's own frame, and the similarity: the complex factor, and the crop's centre.

        The similarity is p ↦ factor · (p - centre), with points as complex numbers.
        """
        factor, centre = similarity_onto(points[:, : self.config.first_points, :2], self.reference)
        all_offsets = points[..., :2] - centre[:, None]
        turned = complex_products(all_offsets, factor)
        depth = points[..., 2] * factor.square().sum(1, keepdim=True).sqrt()
        return torch.cat([turned, depth[..., None]], 2), factor, centre

    def forward(
        self, points: Float[Tensor, "batch points 3"], features: Float[Tensor, "batch features"]
    ) -> LandmarkOutput:
        """Answer in the crop's [-1, 1] frame."""
        config = self.config
        own, factor, centre = self.aligned(points)
        flat, at_places = split_features(features, config.groups)
        inputs = torch.cat([own.flatten(1), *flat], 1)
        parts = [self._disturbed(self._standardised(inputs, self.input_mean, self.input_scale))]
        for places, seen in zip(self.places, at_places, strict=bool(config.place)):
            assert isinstance(places, AtPlaces)
            standard = self._standardised(seen, places.mean, places.scale)
            parts.append(self.dropout(places(self._disturbed(standard))))
        inputs = torch.cat(parts, 1)
        rectified = torch.relu(self.rectified(inputs))
        rectified = rectified + torch.relu(self.further(rectified))
        answer = self.answer(torch.cat([self.linear(inputs), rectified], 1)).float()
        count = config.landmarks
        shape = answer[:, : 2 * count].reshape(-1, count, 2)
        if not self._folded:
            shape = self.label_mean + self.label_scale * shape
        # back into the crop: the inverse of a complex factor is its conjugate over its square
        square = factor.square().sum(1, keepdim=True)
        inverse = torch.stack([factor[:, 0], -factor[:, 1]], 1) / square
        in_crop = complex_products(shape, inverse) + centre[:, None]
        low, high = config.smallest_log_sigma, config.largest_log_sigma
        # σ belongs to the face's own frame: how large the face is in the crop is known
        side = torch.log(inverse.square().sum(1, keepdim=True).sqrt() / (CROP_PX / 2))
        spread = answer[:, 2 * count : 3 * count] + _START_LOG_SIGMA + side
        log_sigma = low + (high - low) * torch.sigmoid((spread - (low + high) / 2) * 4 / (high - low))
        return LandmarkOutput(in_crop / (CROP_PX / 2) - 1, log_sigma, answer[:, -1])

    @torch.no_grad()
    def fold(self) -> None:
        """Let the weights do all standardising, for use: the answers stay, the work shrinks."""
        count = len(self.input_mean)
        for layer in (self.linear, self.rectified):
            layer.weight[:, :count].mul_(self.input_scale)
            layer.bias.sub_(layer.weight[:, :count] @ self.input_mean)
        for places in self.places:
            assert isinstance(places, AtPlaces)
            places.weight.mul_(places.scale.reshape(places.places, -1, 1))
            places.bias.sub_(places.mean.reshape(places.places, 1, -1) @ places.weight)
        shown = self.label_mean.numel()
        self.answer.weight[:shown].mul_(self.label_scale)
        self.answer.bias[:shown].mul_(self.label_scale).add_(self.label_mean.flatten())
        self._folded = True

    def _standardised(self, inputs: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
        return inputs if self._folded else (inputs - mean) * scale

    def _disturbed(self, inputs: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch inputs"]:
        """While training: noise, and some left out."""
        if self.training and self.config.noise:
            inputs = inputs + self.config.noise * torch.randn_like(inputs)
        return self.dropout(inputs)


class AtPlaces(nn.Module):
    """What is seen at each place, in a few numbers; each place has weights of its own.

    Attributes:
        mean, scale: (places · channels,) by which what is seen is standardised.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, places: int, channels: int, width: int) -> None:
        super().__init__()
        self.places, self.channels = places, channels
        self.register_buffer("mean", torch.zeros(places * channels))
        self.register_buffer("scale", torch.ones(places * channels))
        self.weight = nn.Parameter(torch.randn(places, channels, width) * (2 / channels) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(places, 1, width))

    def forward(self, seen: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        by_place = seen.reshape(-1, self.places, 1, self.channels)
        answer = torch.relu(by_place @ self.weight + self.bias)
        return answer.reshape(-1, self.places, self.weight.shape[2]).flatten(1)


def split_features(
    features: Float[Tensor, "batch features"], groups: Sequence[tuple[int, int]]
) -> tuple[list[Tensor], list[Tensor]]:
    """Features of the whole crop, and of each group of places."""
    flat, at_places, begin = [], [], 0
    for places, channels in groups:
        end = begin + places * channels
        (at_places if places > 1 else flat).append(features[:, begin:end])
        begin = end
    return flat, at_places
