"""What a matte is, and what is known of a picture before its colours are looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32


@dataclass(frozen=True, eq=False)
class Trimap:
    """Where a head surely is and surely is not, by its fitted shape alone.

    Attributes:
        inside: (H, W) certainly head; outside: (H, W) certainly not.
        body: (H, W) where neck, shoulders and long hair may be: colours do not tell these apart.
    """

    inside: Bool[np.ndarray, "height width"]
    outside: Bool[np.ndarray, "height width"]
    body: Bool[np.ndarray, "height width"]


@dataclass(frozen=True, eq=False)
class Matte:
    """How much of each pixel a head covers.

    Attributes:
        alpha: (H, W) in [0, 1].
        known: (H, W) in [0, 1]: how surely; 0 where neither shape nor colours say it.
    """

    alpha: Float32[np.ndarray, "height width"]
    known: Float32[np.ndarray, "height width"]
