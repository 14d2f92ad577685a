"""Encoders of 4-channel volumes: VoxResNet and a 3D VGG (FLNeRF, §3.3)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from mien.landmarks_in_fields.config import EncoderKind
from mien.landmarks_in_fields.position_encoding import CHANNELS, encoded_grid

GROUPS = 8
FINAL_SIDE = 4
"""Voxels a side of the last feature volume."""
SQUEEZED = 32
"""Channels it is reduced to before the fully connected layer."""


class PositionedConvolution(nn.Module):
    """A 3³ convolution of a volume and its position encoding, stacked (4 + 27 channels).

    The encoding is the same for every sample: its share of the sum is computed once per batch. With stride 2
    the convolution halves the volume.
    """

    position: Tensor

    def __init__(self, size: int, width: int, *, stride: int, use_positions: bool = True) -> None:
        super().__init__()
        self.on_volume = nn.Conv3d(4, width, 3, stride=stride, padding=1)
        self.on_position = nn.Conv3d(CHANNELS, width, 3, stride=stride, padding=1, bias=False)
        self.use_positions = use_positions
        self.register_buffer("position", encoded_grid(size)[None], persistent=False)

    def forward(self, volumes: Float[Tensor, "b 4 n n n"]) -> Float[Tensor, "b w m m m"]:
        """Features of volumes whose axes are x, y, z."""
        out = self.on_volume(volumes)
        return out + self.on_position(self.position) if self.use_positions else out


def normalised(width: int) -> nn.Module:
    """Group normalisation and ReLU."""
    # Groups instead of batches: batches on a CPU are small
    return nn.Sequential(nn.GroupNorm(min(GROUPS, width), width), nn.ReLU(inplace=True))


class VoxResModule(nn.Module):
    """Two pre-activated convolutions around a skip (Chen et al., VoxResNet)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            normalised(width),
            nn.Conv3d(width, width, 3, padding=1),
            normalised(width),
            nn.Conv3d(width, width, 3, padding=1),
        )
        last = self.layers[-1]
        assert isinstance(last, nn.Conv3d)
        nn.init.zeros_(last.weight)

    def forward(self, features: Tensor) -> Tensor:
        """The same shape."""
        return features + self.layers(features)


def _halved(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(normalised(inputs), nn.Conv3d(inputs, outputs, 3, stride=2, padding=1))


class VolumeEncoder(nn.Module):
    """A vector from a volume of size³ voxels.

    Args:
        kind: "voxresnet" or "vgg".
        size: a power of two.
        width: channels after the first convolution.
        quick: the first convolution halves the volume.
        outputs: length of the vector.

    Attributes:
        channels: of the feature volumes that `pyramid` returns, the finest first.
    """

    def __init__(
        self, kind: EncoderKind, *, size: int, width: int, quick: bool = True, outputs: int = 256
    ) -> None:
        super().__init__()
        self.outputs = outputs
        side = size // 2 if quick else size
        layers: list[nn.Module] = [PositionedConvolution(size, width, stride=2 if quick else 1)]
        channels = width
        self.channels: list[int] = []
        self._kept: list[int] = []

        def keep() -> None:
            self.channels.append(channels)
            self._kept.append(len(layers) - 1)

        if kind == "voxresnet":
            layers += [normalised(channels), nn.Conv3d(channels, channels, 3, padding=1)]
            keep()
            while side > FINAL_SIDE:
                wider = min(2 * channels, 4 * width)
                layers += [_halved(channels, wider), VoxResModule(wider), VoxResModule(wider)]
                channels, side = wider, side // 2
                keep()
            layers.append(normalised(channels))
        else:
            keep()
            while side > FINAL_SIDE:
                wider = min(2 * channels, 4 * width)
                layers += [normalised(channels), nn.Conv3d(channels, wider, 3, padding=1)]
                layers += [normalised(wider), nn.Conv3d(wider, wider, 3, padding=1)]
                layers.append(nn.MaxPool3d(2))
                channels, side = wider, side // 2
                keep()
            layers.append(normalised(channels))
        layers += [nn.Conv3d(channels, SQUEEZED, 1), nn.ReLU(inplace=True), nn.Flatten()]
        layers += [nn.Linear(SQUEEZED * side**3, outputs), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers)
        for layer in self.layers.modules():  # on a CPU this order of channels is twice as quick
            if isinstance(layer, nn.Conv3d):
                layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last_3d)

    def forward(self, volumes: Float[Tensor, "b 4 n n n"]) -> Float[Tensor, "b f"]:
        """Features of (B, 4, N, N, N) volumes: red, green, blue, occupied."""
        return self.pyramid(volumes)[0]

    def pyramid(self, volumes: Float[Tensor, "b 4 n n n"]) -> tuple[Float[Tensor, "b f"], list[Tensor]]:
        """The features and the feature volumes on the way to them, the finest first."""
        out, kept = volumes.contiguous(memory_format=torch.channels_last_3d), []
        for index, layer in enumerate(self.layers):
            out = layer(out)
            if index in self._kept:
                kept.append(out)
        return out, kept
