"""Settings of splat avatars."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SplatAvatarConfig:
    """How many splats a head has and what its expressions may change."""

    on_skin: int = 9000
    """Splats on the fitted mesh."""
    in_hair: int = 6000
    """Splats up to 5 cm above the scalp and the sides, for hair and what is worn."""
    codes: int = 12
    """Principal components of the expression that change colours, places and opacities; those of the mouth
    change the mouth alone, those of an eye that eye."""
    steps: int = 8000
    """Steps of the training, a picture each."""
    colour_change: float = 1e-3
    """Price of colours (logits) that change with the expression, mean squares."""
    place_change: float = 1e-3
    """Price of places that change with the expression beyond the mesh's own movement, cm², mean squares."""
    far: float = 3.0
    """Price of splats away from the mesh, m², mean squares."""
    side_colour: float = 0.7
    """Weight of skin seen from aside, against the same skin in the frame, laid on the fitted head."""
    side_outline: float = 0.3
    """Price of what one sees through the head from aside, and of what one sees beside it, mean."""
    side_every: int = 5
    """A side view every so many steps; 0: none."""
    opaque: float = 2e-3
    """Price of opacity, mean: what no picture needs fades."""
    similarity: float = 0.2
    """Of 1 - SSIM in the loss, beside the mean absolute error of colours."""
    seed: int = 0
    """Of the splats' first places and the order of pictures."""
