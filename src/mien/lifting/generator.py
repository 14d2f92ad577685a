"""What pseudo-labels are lifted from: anything that shows one person from wanted cameras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, UInt8

from mien.cameras import Camera
from mien.lifting.camera_space import CameraSpace


@dataclass(frozen=True, eq=False)
class GeneratedView:
    """One picture of one latent.

    Attributes:
        picture: (S, S, 3) RGB.
        camera: who took it; the world is the generator's.
        exact_px: (L, 2) where its landmarks truly are, by generators that know; of the set `exact_set`.
        exact_m: (L, 3) the same in the world.
    """

    picture: UInt8[np.ndarray, "size size 3"]
    camera: Camera
    exact_px: Float[np.ndarray, "landmarks 2"] | None = None
    exact_m: Float[np.ndarray, "landmarks 3"] | None = None


@runtime_checkable
class MultiViewGenerator(Protocol):
    """Shows a person, told by a number, from any camera of its space.

    Attributes:
        space: its cameras.
        exact_set: landmark set of what it knows exactly; None when it knows nothing.
    """

    space: CameraSpace
    exact_set: str | None

    def views(self, latent: int, cameras: Sequence[Camera]) -> list[GeneratedView]:
        """Pictures of one and the same head: nothing moves between them but the camera."""
        ...
