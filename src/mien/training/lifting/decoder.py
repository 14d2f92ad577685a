"""The decoder: landmark and pose tokens look at the picture's tokens and at each other (FaceLift, §3)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class Attention(nn.Module):
    """Attention of several heads, written out so that it exports to plain ONNX."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        assert width % heads == 0
        self.heads = heads
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)
        self.value, self.answer = nn.Linear(width, width), nn.Linear(width, width)

    def forward(
        self, tokens: Float[Tensor, "batch tokens width"], others: Float[Tensor, "batch others width"]
    ) -> Float[Tensor, "batch tokens width"]:
        """Tokens look at others."""

        def split(values: Tensor) -> Tensor:
            batch, count, width = values.shape
            return values.reshape(batch, count, self.heads, width // self.heads).transpose(1, 2)

        query, key, value = split(self.query(tokens)), split(self.key(others)), split(self.value(others))
        seen = functional.scaled_dot_product_attention(query, key, value)
        return self.answer(seen.transpose(1, 2).reshape(tokens.shape))


class DecoderBlock(nn.Module):
    """Cross-attention to the picture, self-attention, multi-layer perceptron; layer norms before each."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.before_cross, self.before_own = nn.LayerNorm(width), nn.LayerNorm(width)
        self.before_mlp = nn.LayerNorm(width)
        self.cross, self.own = Attention(width, heads), Attention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(
        self, tokens: Float[Tensor, "batch tokens width"], picture: Float[Tensor, "batch cells width"]
    ) -> Float[Tensor, "batch tokens width"]:
        """One block."""
        tokens = tokens + self.cross(self.before_cross(tokens), picture)
        normed = self.before_own(tokens)
        tokens = tokens + self.own(normed, normed)
        return tokens + self.mlp(self.before_mlp(tokens))


class Decoder(nn.Module):
    """Learned tokens through all blocks."""

    def __init__(self, *, tokens: int, width: int, heads: int, blocks: int) -> None:
        super().__init__()
        self.tokens = nn.Parameter(0.5 * torch.randn(tokens, width))
        self.norm_picture = nn.LayerNorm(width)
        self.blocks = nn.ModuleList(DecoderBlock(width, heads) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)

    def forward(
        self, picture: Float[Tensor, "batch cells width"], told: Float[Tensor, "batch tokens width"]
    ) -> Float[Tensor, "batch tokens width"]:
        """What the tokens come to be.

        Args:
            told: what is known of each token's answer beforehand.
        """
        picture = self.norm_picture(picture)
        tokens = self.tokens + told
        for block in self.blocks:
            tokens = block(tokens, picture)
        return self.norm(tokens)
