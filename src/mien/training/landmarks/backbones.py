"""Backbones: crops to two feature maps, a sixteenth and a thirty-second of the crop's size.

All come from the configurations of `transformers`, except MobileNetV3, which `transformers` offers only
through timm; nothing is downloaded. They are those of Wood et al. 2022 and of Simic's comparison (section
3.3.1, table 4.2), and smaller ones.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from mien.errors import InputError

RESNETS: dict[str, tuple[tuple[int, ...], tuple[int, ...], str]] = {
    "resnet10_quarter": ((16, 32, 64, 128), (1, 1, 1, 1), "basic"),
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

NETWORKS = (
    *RESNETS,
    "mobilenet_v2",
    "mobilenet_v2_half",
    "mobilenet_v3_large",
    "mobilenet_v3_small",
    "convnext_tiny",
    "swin_tiny",
)


class LastTwoMaps(nn.Module):
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


def make_backbone(name: str, *, input_size: int) -> nn.Module:
    """A backbone with fresh weights: (B, 3, S, S) to (B, C, S/16, S/16) and (B, D, S/32, S/32).

    Args:
        name: one of `NETWORKS`.
        input_size: S; Swin's windows follow it.

    Raises:
        InputError: the name is unknown, or the network cannot take crops of this size.
    """
    if name in RESNETS:
        return _resnet(name)
    if name in ("mobilenet_v2", "mobilenet_v2_half"):
        from transformers import MobileNetV2Config, MobileNetV2Model

        width = 0.5 if name.endswith("half") else 1.0
        mobile = MobileNetV2Model(MobileNetV2Config(depth_multiplier=width), add_pooling_layer=False)
        # blocks 1-12 keep 1/16 of the size, the rest and the last convolution 1/32
        return LastTwoMaps([mobile.conv_stem, *mobile.layer, mobile.conv_1x1], fine_part=12)
    if name in ("mobilenet_v3_large", "mobilenet_v3_small"):
        from mien.training.landmarks.mobilenet_v3 import mobilenet_v3_parts

        parts, fine_part = mobilenet_v3_parts(name.rpartition("_")[2])
        return LastTwoMaps(parts, fine_part=fine_part)
    if name == "convnext_tiny":
        from transformers import ConvNextConfig, ConvNextModel

        # the configuration's defaults are ConvNeXt-Tiny: 3, 3, 9, 3 blocks of 96, 192, 384, 768 channels
        convnext = ConvNextModel(ConvNextConfig(drop_path_rate=0.1))
        return LastTwoMaps([convnext.embeddings, *convnext.encoder.stages], fine_part=3)
    if name == "swin_tiny":
        return _SwinTiny(input_size)
    raise InputError(f"unknown network {name!r}; choose one of {', '.join(NETWORKS)}", source="--network")


def _resnet(name: str) -> LastTwoMaps:
    from transformers import ResNetConfig, ResNetModel

    channels, depths, kind = RESNETS[name]
    stem = channels[0] // 4 if kind == "bottleneck" else channels[0]
    resnet = ResNetModel(
        ResNetConfig(embedding_size=stem, hidden_sizes=list(channels), depths=list(depths), layer_type=kind)
    )
    embedder = resnet.embedder
    if name.startswith("compact"):
        embedder = nn.Sequential(_shrinking(3, stem // 2), _shrinking(stem // 2, stem))
    return LastTwoMaps([embedder, *resnet.encoder.stages], fine_part=3)


def _shrinking(channels: int, made: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, made, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(made), nn.ReLU()
    )


class _SwinTiny(nn.Module):
    """Swin-Tiny (Liu et al. 2021): blocks 2, 2, 6, 2 of 96, 192, 384, 768 channels.

    Windows have a side of a thirty-second of the crop, as 7 at 224 pixels in the paper, so that they divide
    every feature map; the last map is a single window, which is not shifted.
    """

    def __init__(self, input_size: int) -> None:
        super().__init__()
        from transformers import SwinConfig, SwinModel

        if input_size % 32:
            raise InputError(f"swin_tiny takes crops of a multiple of 32 pixels, not {input_size}",
                             source="--size")  # fmt: skip
        swin = SwinModel(
            SwinConfig(image_size=input_size, window_size=input_size // 32, drop_path_rate=0.1),
            add_pooling_layer=False,
        )
        self.embeddings, self.stages = swin.embeddings, swin.encoder.layers
        self.fine_norm, self.coarse_norm = nn.LayerNorm(384), nn.LayerNorm(768)
        self.side = input_size // 4
        stages: Any = self.stages
        for block in stages[-1].blocks:
            block.shift_size = 0
        for number, stage in enumerate(stages):
            for block in stage.blocks:
                _keep_mask(block, self.side >> number)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        tokens, _ = self.embeddings(image)
        maps = []
        side = self.side
        stages: Any = self.stages
        for stage in stages:
            for block in stage.blocks:
                tokens, _ = block(tokens, (side, side), always_partition=True)
            maps.append((tokens, side))
            if stage.downsample is not None:
                tokens, side = stage.downsample(tokens, (side, side)), side // 2
        fine, coarse = maps[-2:]
        return _as_map(self.fine_norm(fine[0]), fine[1]), _as_map(self.coarse_norm(coarse[0]), coarse[1])


def _keep_mask(block: Any, side: int) -> None:
    """Store what hides a shifted window's parts from each other, instead of making it anew in every pass.

    Making it takes an operation (Range) by which an ONNX file can ask for any amount of memory, and which
    `landmarks.onnx_checks` refuses, therefore.
    """
    kind = type(block)
    mask = block.get_attn_mask(side, side, torch.float32, torch.device("cpu"))
    block.register_buffer("kept_mask", mask, persistent=False)
    # a class and no function of this block, so that copies of it use their own
    block.__class__ = type(kind.__name__, (kind,), {"get_attn_mask": _kept_mask})


def _kept_mask(
    block: Any, height: Any, width: Any, dtype: torch.dtype, device: torch.device
) -> Tensor | None:
    mask = block.kept_mask
    return None if mask is None else mask.to(device=device, dtype=dtype)


def _as_map(tokens: Tensor, side: int) -> Tensor:
    return tokens.transpose(1, 2).reshape(-1, tokens.shape[-1], side, side)
