"""Colour from features and viewing direction: the small network behind the grids."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


def encode(values: Float[Tensor, "m c"], frequencies: int) -> Float[Tensor, "m e"]:
    """Values with sines and cosines of 1, 2, 4 … times them: (M, c·(1 + 2·frequencies))."""
    if frequencies == 0:
        return values
    factors = 2.0 ** torch.arange(frequencies, device=values.device, dtype=values.dtype)
    angles = (values[..., None] * factors).flatten(1)
    return torch.cat([values, angles.sin(), angles.cos()], dim=1)


def encoded_size(size: int, frequencies: int) -> int:
    """Columns of what `encode` returns."""
    return size * (1 + 2 * frequencies)


class ColorNetwork(nn.Module):
    """Two hidden layers; colour in [0, 1]."""

    def __init__(
        self, features: int, *, width: int, feature_frequencies: int, direction_frequencies: int
    ) -> None:
        super().__init__()
        self.feature_frequencies = feature_frequencies
        self.direction_frequencies = direction_frequencies
        inputs = encoded_size(features, feature_frequencies)
        if direction_frequencies >= 0:
            inputs += encoded_size(3, direction_frequencies)
        self.layers = nn.Sequential(
            nn.Linear(inputs, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, 3),
        )
        last = self.layers[-1]
        assert isinstance(last, nn.Linear)
        nn.init.zeros_(last.bias)

    def forward(
        self, features: Float[Tensor, "m f"], directions: Float[Tensor, "m 3"]
    ) -> Float[Tensor, "m 3"]:
        """Colour of points seen along unit directions."""
        inputs = encode(features, self.feature_frequencies)
        if self.direction_frequencies >= 0:
            inputs = torch.cat([inputs, encode(directions, self.direction_frequencies)], dim=1)
        return torch.sigmoid(self.layers(inputs))


class Environment(nn.Module):
    """What lies behind everything: a colour for each direction, as if infinitely far away."""

    FREQUENCIES = 5

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(encoded_size(3, self.FREQUENCIES), width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, 3),
        )

    def forward(self, directions: Float[Tensor, "m 3"]) -> Float[Tensor, "m 3"]:
        """Colour in [0, 1] along unit directions."""
        return torch.sigmoid(self.layers(encode(directions, self.FREQUENCIES)))
