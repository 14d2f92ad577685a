"""What a lifting network's encoder hands to its decoder, and the encoders."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from mien.training.lifting.config import SizedLiftingConfig
from mien.training.read_out.similarity import similarity_onto

FRAME_VALUES = 5
"""Roll, size and place of a face in its crop."""


@dataclass(frozen=True)
class EncodedFace:
    """A batch of crops as a decoder sees them.

    Attributes:
        tokens: (B, T, width).
        summary: (B, S) of all there is, or of width 0.
        inputs: (B, I) what frozen encoders said of the whole face, standardised: points and features,
            without the cells of maps; of width 0 for other encoders.
        roll: (B, 2) cosine and sine of how far the face is turned clockwise in the crop, as the encoder sees
            it; (1, 0) where it does not say.
        size: (B,) log of the face's size in the crop over the usual one; centre: (B, 2) its place, half crop
            sides; zeros likewise.
    """

    tokens: Float[Tensor, "batch tokens width"]
    summary: Float[Tensor, "batch summary"]
    inputs: Float[Tensor, "batch inputs"]
    roll: Float[Tensor, "batch 2"]
    size: Float[Tensor, " batch"]
    centre: Float[Tensor, "batch 2"]


class FrozenEncoder(nn.Module):
    """Tokens from what frozen networks said: cells of their feature maps, and what tells of the whole face,
    their points in the face's own frame first."""

    reference: Tensor
    input_mean: Tensor
    input_scale: Tensor

    def __init__(self, config: SizedLiftingConfig) -> None:
        super().__init__()
        self.config = config
        self.frame = (3 if config.depth else 2) * config.points + FRAME_VALUES
        everything = self.frame + sum(c * h * w for c, h, w in config.maps)
        self.register_buffer("reference", torch.zeros(config.first_points, 2))
        self.register_buffer("input_mean", torch.zeros(everything))
        self.register_buffer("input_scale", torch.ones(everything))
        # vectors tell of the whole face, maps of its parts: without any vector the maps must do for both
        vectors = [one for one in config.maps if one[1:] == (1, 1)] or list(config.maps)
        inputs = self.input_count = self.frame + sum(c * h * w for c, h, w in vectors)
        self._vectors = {one: one in vectors for one in config.maps}
        maps = [one for one in config.maps if one[1:] != (1, 1)]
        self.of_maps = nn.ModuleList(_tokens_of(one, config.width) for one in maps)
        self.of_whole = nn.Linear(config.summary or inputs, config.point_tokens * config.width)
        cells = sum(_token_count(one) for one in maps) + config.point_tokens
        self.place = nn.Parameter(0.02 * torch.randn(cells, config.width))
        if config.summary:
            self.rectified = nn.Linear(inputs, config.summary)
            with torch.no_grad():  # sums of about a standard deviation, with knees all over them
                self.rectified.weight.normal_(0, inputs**-0.5)
                self.rectified.bias.uniform_(-1, 1)
        self.dropout = nn.Dropout(config.dropout)

    def raw(
        self, points: Float[Tensor, "batch points 3"], features: Float[Tensor, "batch features"]
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """All inputs as they come, (B, inputs), and roll, size and centre."""
        half = self.config.crop_px / 2
        factor, centre = similarity_onto(points[:, : self.config.first_points, :2], self.reference)
        offset = points[..., :2] - centre[:, None]
        x = offset[..., 0] * factor[:, :1] - offset[..., 1] * factor[:, 1:]
        y = offset[..., 0] * factor[:, 1:] + offset[..., 1] * factor[:, :1]
        length = factor.square().sum(1).sqrt()
        own = torch.stack([x, y], 2)
        if self.config.depth:
            own = torch.cat([own, points[..., 2:] * length[:, None, None]], 2)
        # the factor turns the crop's face upright: the face's own roll is its inverse
        roll = torch.stack([factor[:, 0], -factor[:, 1]], 1) / length[:, None]
        size = -torch.log(length * half)
        place = centre / half - 1
        frame = torch.cat([roll, size[:, None], place], 1)
        return torch.cat([own.flatten(1), frame, features], 1), roll, size, place

    def forward(
        self, points: Float[Tensor, "batch points 3"], features: Float[Tensor, "batch features"]
    ) -> EncodedFace:
        """See `EncodedFace`."""
        config = self.config
        raw, roll, size, place = self.raw(points, features)
        standard = (raw - self.input_mean) * self.input_scale
        parts, cells, begin = [standard[:, : self.frame]], [], self.frame
        for shape in config.maps:
            channels, height, width = shape
            seen = standard[:, begin : begin + channels * height * width]
            begin += channels * height * width
            if self._vectors[shape]:
                parts.append(seen)
            if (height, width) != (1, 1):
                cells.append(seen.reshape(-1, channels, height * width).transpose(1, 2))
        inputs = self.dropout(torch.cat(parts, 1))
        summary = inputs[:, :0]
        if config.summary:
            summary = torch.relu(self.rectified(inputs))
        whole = self.of_whole(summary if config.summary else inputs)
        tokens = [whole.reshape(-1, config.point_tokens, config.width)]
        tokens += [layer(self.dropout(one)) for layer, one in zip(self.of_maps, cells, strict=True)]
        return EncodedFace(torch.cat(tokens, 1) + self.place, summary, inputs, roll, size, place)


_NEIGHBOURS = 8
"""So many places of a row of places are one token: neighbours in it are neighbours on the face."""


def _token_count(shape: tuple[int, int, int]) -> int:
    _, height, width = shape
    return -(-height // _NEIGHBOURS) if width == 1 else height * width


def _tokens_of(shape: tuple[int, int, int], width: int) -> nn.Module:
    """What makes tokens from a map's cells (B, cells, channels), or from a row of places."""
    return NeighbourTokens(shape, width) if shape[2] == 1 else nn.Linear(shape[0], width)


class NeighbourTokens(nn.Module):
    """A token for every few neighbouring places; each has weights of its own, since places differ."""

    def __init__(self, shape: tuple[int, int, int], width: int) -> None:
        super().__init__()
        channels, places, _ = shape
        self.count, self.missing = _token_count(shape), -places % _NEIGHBOURS
        size = channels * _NEIGHBOURS
        self.weight = nn.Parameter(torch.randn(self.count, size, width) * size**-0.5)

    def forward(self, cells: Float[Tensor, "batch places channels"]) -> Float[Tensor, "batch tokens width"]:
        padded = functional.pad(cells, (0, 0, 0, self.missing))
        grouped = padded.reshape(cells.shape[0], self.count, -1)
        return (grouped.transpose(0, 1) @ self.weight).transpose(0, 1)


class PixelEncoder(nn.Module):
    """Tokens from the crop's pixels by a backbone or a vision transformer that is trained along."""

    def __init__(self, config: SizedLiftingConfig) -> None:
        super().__init__()
        self.config = config
        if config.encoder == "vit":
            self.backbone: nn.Module = PatchTransformer(config)
            channels = config.width
            cells = (config.crop_px // 16) ** 2
        else:
            from mien.training.landmarks.backbones import make_backbone

            self.backbone = make_backbone(config.encoder, input_size=config.crop_px)
            with torch.no_grad():
                _, coarse = self.backbone(torch.zeros(1, 3, config.crop_px, config.crop_px))
            channels, cells = coarse.shape[1], coarse.shape[2] * coarse.shape[3]
        self.of_cells = nn.Linear(channels, config.width)
        self.place = nn.Parameter(0.02 * torch.randn(cells, config.width))
        if config.summary:
            self.rectified = nn.Linear(channels, config.summary)

    def forward(self, image: Float[Tensor, "batch 3 size size"]) -> EncodedFace:
        """See `EncodedFace`; the crop is taken as it lies."""
        maps = self.backbone((image - 0.5) / 0.25)
        coarse = maps[1] if isinstance(maps, tuple) else maps
        cells = coarse.flatten(2).transpose(1, 2) if coarse.ndim == 4 else coarse
        mean = cells.mean(1)
        summary = mean[:, :0]
        if self.config.summary:
            summary = torch.relu(self.rectified(mean))
        upright = torch.zeros_like(mean[:, :2]) + torch.tensor([1.0, 0.0], device=mean.device)
        nothing = torch.zeros_like(mean[:, :2])
        tokens = self.of_cells(cells) + self.place
        return EncodedFace(tokens, summary, mean[:, :0], upright, nothing[:, 0], nothing)


class PatchTransformer(nn.Module):
    """A small vision transformer (Dosovitskiy et al. 2021): patches of 16² pixels, six pre-norm layers."""

    def __init__(self, config: SizedLiftingConfig) -> None:
        super().__init__()
        width = config.width
        cells = (config.crop_px // 16) ** 2
        self.patches = nn.Conv2d(3, width, 16, 16)
        self.place = nn.Parameter(0.02 * torch.randn(cells, width))
        layer = nn.TransformerEncoderLayer(
            width, config.heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, 6, enable_nested_tensor=False)

    def forward(self, image: Float[Tensor, "batch 3 size size"]) -> Float[Tensor, "batch cells width"]:
        """Tokens of the patches."""
        return self.layers(self.patches(image).flatten(2).transpose(1, 2) + self.place)
