"""Sizes of the models of morphable fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

POSITION_FREQUENCIES, DIRECTION_FREQUENCIES = 10, 4
POSITION_CHANNELS = 3 * (1 + 2 * POSITION_FREQUENCIES)
DIRECTION_CHANNELS = 3 * (1 + 2 * DIRECTION_FREQUENCIES)
LANDMARK_CHANNELS = 204
Variant = Literal["codes", "shape-landmarks", "landmarks"]
"""Rows (a), (b) and (c) of FLNeRF's Table 4: shape, expression and texture codes (MoFaNeRF); texture and
shape codes and landmarks; texture code and landmarks."""


@dataclass(frozen=True)
class CodeNetworkConfig:
    """Widths of a coarse and a fine network; the defaults are a small copy of the paper's."""

    variant: Variant = "landmarks"
    """Which codes steer: (a) codes, (b) shape-landmarks, (c) landmarks."""
    coarse_depth: int = 8
    """Layers of each of the coarse network's two MLPs."""
    coarse_width: int = 64
    """Their width."""
    fine_depth: int = 8
    """Layers of each of the fine network's two MLPs."""
    fine_width: int = 128
    """Their width."""
    shape_channels: int = 50
    """Length of the shape code: a person's identity weights."""
    expression_channels: int = 30
    """Length of the expression code."""
    texture_channels: int = 64
    """Length of the texture code."""
    texture_width: int = 16
    """Channels of the texture encoder's first layer."""
    texture_size: int = 128
    """Side of the texture maps that it sees, a power of two."""

    @staticmethod
    def paper(variant: Variant) -> CodeNetworkConfig:
        """The published widths."""
        return CodeNetworkConfig(
            variant=variant,
            coarse_depth=8,
            coarse_width=256,
            fine_depth=10,
            fine_width=1024,
            texture_channels=256,
            texture_width=32,
            texture_size=512,
        )

    @property
    def position_channels(self) -> int:
        """What the position encoder takes: MoFaNeRF's has the expression code beside the position."""
        return POSITION_CHANNELS + (self.expression_channels if self.variant == "codes" else 0)

    @property
    def density_channels(self) -> int:
        """Length of what comes in beside the encoded position."""
        shape = 0 if self.variant == "landmarks" else self.shape_channels
        return shape + (0 if self.variant == "codes" else LANDMARK_CHANNELS)


@dataclass(frozen=True)
class SurfaceNetworkConfig:
    """Sizes of the network of model (d)."""

    plane_size: int = 128
    """Side of the learned plane of features in texture coordinates."""
    plane_channels: int = 12
    """Its channels."""
    texture_code: int = 12
    """Numbers that the whole texture map is told by."""
    width: int = 64
    """Width of the hidden layers."""
    layers: int = 3
    """How many of them."""
