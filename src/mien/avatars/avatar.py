"""An avatar as it is used: steered by weights, seen by a camera."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float, UInt8

from mien.avatars.rig import AvatarControls, AvatarRig, Injection
from mien.cameras import Camera


@dataclass(frozen=True)
class AvatarFacts:
    """How an avatar came about.

    Attributes:
        source: name of the video.
        frames: it learned from.
        steps, seconds: of the training.
        size_px: of the pictures it learned from.
        figures: on frames held out, by name.
    """

    source: str = ""
    frames: int = 0
    steps: int = 0
    seconds: float = 0.0
    size_px: int = 128
    figures: dict[str, float] = field(default_factory=dict)


class Avatar(ABC):
    """What can be driven.

    Attributes:
        kind: name in files.
        rig: the fitted head under it.
        facts: how it came about.
        camera: from where it is seen when nothing else is said; its world is the skull's frame.
    """

    kind: ClassVar[str]
    rig: AvatarRig
    facts: AvatarFacts
    camera: Camera

    @abstractmethod
    def picture(
        self, controls: AvatarControls, camera: Camera, *, injection: Injection | None = None
    ) -> Float[np.ndarray, "h w 4"]:
        """(H, W, 4) premultiplied colour and alpha in [0, 1].

        Args:
            controls: expression, gaze and neck.
            camera: its world is the skull's frame.
            injection: what some fields see instead of the controls' weights.
        """

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """What its file says besides what all avatars' do."""

    @abstractmethod
    def tensors(self) -> dict[str, Any]:
        """Its weights, torch tensors by name."""


def shown(
    rgba: Float[np.ndarray, "h w 4"], ground: tuple[int, int, int] = (255, 255, 255)
) -> UInt8[np.ndarray, "h w 3"]:
    """A premultiplied picture over a plain ground."""
    mixed = rgba[..., :3] + (1 - rgba[..., 3:]) * (np.array(ground) / 255)
    return np.rint(255 * np.clip(mixed, 0, 1)).astype(np.uint8)
