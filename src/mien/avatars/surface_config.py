"""How a surface avatar is made and trained."""

from __future__ import annotations

from dataclasses import dataclass

from mien.errors import InputError

_COUNTS = (
    "texture", "texture_features", "shell_features", "plane", "plane_features", "width",
    "expression_features", "iterations",
)  # fmt: skip


@dataclass(frozen=True)
class SurfaceAvatarConfig:
    """How a surface avatar is made and trained."""

    texture: int = 256
    """Side of the learned texture, in the head's atlas."""
    texture_features: int = 16
    """Numbers per texel."""
    shell_features: int = 8
    """Numbers per texel, at half the side, of a shell about the scalp, which carries hair."""
    plane: int = 96
    """Side of the textures of what the fitted head lacks."""
    plane_features: int = 8
    """Numbers per texel of these."""
    expression_features: int = 12
    """Numbers that the weights make at each place, each weight counting as far as its shape moves it."""
    width: int = 16
    """Channels at full size; twice and three times as many below."""
    rate: float = 2e-3
    """Learning rate of the network at the start."""
    texture_rate: float = 1e-2
    """Learning rate of the textures."""
    weight_noise: float = 0.02
    """Noise on the weights while learning: trackers err."""
    weights_hidden: float = 0.3
    """Share of the steps in which the network sees no weights, only what they do to the fitted head, so that
    it knows what to draw for expressions that it has never seen."""
    edge_weight: float = 0.5
    """Of differences between neighbouring pixels, against colours."""
    feature_weight: float = 3.0
    """Pixels at mouth and eyes count this much more."""
    empty_weight: float = 0.05
    """Of alpha where the matte is not known."""
    iterations: int = 20_000
    """Steps of one picture."""
    seed: int = 0
    """The same seed, frames and machine give the same avatar."""

    def __post_init__(self) -> None:
        for name in _COUNTS:
            value, least = getattr(self, name), 2 if name == "texture" else 1
            if not isinstance(value, int) or value < least:
                what = f"{name} must be a whole number from {least}, not {value!r}"
                raise InputError(what, source="SurfaceAvatarConfig")
