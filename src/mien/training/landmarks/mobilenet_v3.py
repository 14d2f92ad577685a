"""MobileNetV3 (Howard et al. 2019, tables 1 and 2), written out: `transformers` has it only through timm."""

from __future__ import annotations

from torch import Tensor, nn

# kernel, channels inside, channels out, squeeze-and-excite, hard swish (else ReLU), stride
_LARGE = (
    (3, 16, 16, False, False, 1),
    (3, 64, 24, False, False, 2),
    (3, 72, 24, False, False, 1),
    (5, 72, 40, True, False, 2),
    (5, 120, 40, True, False, 1),
    (5, 120, 40, True, False, 1),
    (3, 240, 80, False, True, 2),
    (3, 200, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 480, 112, True, True, 1),
    (3, 672, 112, True, True, 1),
    (5, 672, 160, True, True, 2),
    (5, 960, 160, True, True, 1),
    (5, 960, 160, True, True, 1),
)
_SMALL = (
    (3, 16, 16, True, False, 2),
    (3, 72, 24, False, False, 2),
    (3, 88, 24, False, False, 1),
    (5, 96, 40, True, True, 2),
    (5, 240, 40, True, True, 1),
    (5, 240, 40, True, True, 1),
    (5, 120, 48, True, True, 1),
    (5, 144, 48, True, True, 1),
    (5, 288, 96, True, True, 2),
    (5, 576, 96, True, True, 1),
    (5, 576, 96, True, True, 1),
)


def mobilenet_v3_parts(variant: str) -> tuple[list[nn.Module], int]:
    """The parts of a MobileNetV3 without its classifier, and the last part at 1/16 of the input's size.

    Args:
        variant: "large" or "small".
    """
    blocks = {"large": _LARGE, "small": _SMALL}[variant]
    parts: list[nn.Module] = [_convolution(3, 16, 3, stride=2, activation=nn.Hardswish())]
    channels = 16
    for kernel, inside, out, excite, swish, stride in blocks:
        parts.append(
            _InvertedResidual(
                channels, inside, out, kernel=kernel, stride=stride, excite=excite, swish=swish
            )
        )  # fmt: skip
        channels = out
    parts.append(_convolution(channels, 6 * channels, 1, activation=nn.Hardswish()))
    # the block that shrinks last is where 1/32 begins; the stem is part 0
    fine_part = max(index for index, block in enumerate(blocks) if block[-1] == 2)
    return parts, fine_part


def _convolution(
    channels: int,
    made: int,
    kernel: int,
    *,
    stride: int = 1,
    groups: int = 1,
    activation: nn.Module | None = None,
) -> nn.Sequential:
    layers: list[nn.Module] = [
        nn.Conv2d(channels, made, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(made, eps=1e-3, momentum=0.01),
    ]
    return nn.Sequential(*layers, *([activation] if activation else []))


class _SqueezeExcite(nn.Module):
    """Channels weighted by what the whole map holds: a quarter of the channels, ReLU, hard sigmoid."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = max(8, (channels // 4 + 4) // 8 * 8)
        if squeezed < 0.9 * channels / 4:  # a multiple of 8, never much less than the quarter
            squeezed += 8
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, squeezed, 1),
            nn.ReLU(),
            nn.Conv2d(squeezed, channels, 1),
            nn.Hardsigmoid(),
        )

    def forward(self, features: Tensor) -> Tensor:
        return features * self.gate(features)


class _InvertedResidual(nn.Module):
    def __init__(
        self, channels: int, inside: int, out: int, *, kernel: int, stride: int, excite: bool, swish: bool
    ) -> None:
        super().__init__()
        activation = nn.Hardswish if swish else nn.ReLU
        layers: list[nn.Module] = []
        if inside != channels:
            layers.append(_convolution(channels, inside, 1, activation=activation()))
        layers.append(
            _convolution(inside, inside, kernel, stride=stride, groups=inside, activation=activation())
        )
        if excite:
            layers.append(_SqueezeExcite(inside))
        layers.append(_convolution(inside, out, 1))
        self.layers = nn.Sequential(*layers)
        self.residual = stride == 1 and channels == out

    def forward(self, features: Tensor) -> Tensor:
        changed = self.layers(features)
        return features + changed if self.residual else changed
