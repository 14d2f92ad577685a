"""Which colours of a picture are the person's own: not hair over skin, glasses, hands or the background."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mien.looks.colors import LUMINANCE
from mien.looks.face_regions import FaceRegions


@dataclass(frozen=True)
class Tolerance:
    """How far the logarithm of a colour may lie from what is expected: darker, brighter, in hue."""

    darker: Float[np.ndarray, " vertices"]
    brighter: Float[np.ndarray, " vertices"]
    hue: Float[np.ndarray, " vertices"]

    @staticmethod
    def of(regions: FaceRegions, scalp: Float[np.ndarray, " vertices"]) -> Tolerance:
        """Narrow on plain skin, wide where brows, beard and shadows belong, on the scalp for hair."""
        dark_places = np.clip(regions.brows + regions.eyes + regions.nostrils, 0, 1)
        lips = regions.lips
        beard, hair = regions.beard, np.clip(2 * scalp, 0, 1)
        return Tolerance(
            darker=0.75 + 1.9 * np.maximum.reduce([dark_places, 0.9 * beard, 0.5 * lips, 0.6 * hair]),
            brighter=0.65 + 0.35 * np.maximum(beard, hair) - 0.15 * lips,
            hue=0.26 + 0.35 * np.maximum.reduce([dark_places, lips, 0.7 * beard, 0.5 * hair]),
        )

    def stacked(self) -> Float[np.ndarray, "vertices 3"]:
        """(V, 3) darker, brighter, hue."""
        return np.stack([self.darker, self.brighter, self.hue], axis=1)


def trust(
    difference: Float[np.ndarray, "*n 3"], tolerance: Float[np.ndarray, "*n 3"]
) -> Float[np.ndarray, "*n"]:
    """Share to which colours are believed, 0 to 1.

    Args:
        difference: logarithm of the colour without light, less that of what the albedo model expects.
        tolerance: as `Tolerance.stacked`.
    """
    luminance = difference @ LUMINANCE.astype(difference.dtype)
    hue = np.abs(difference - luminance[..., None]).max(axis=-1) * np.exp(
        -0.5 * np.maximum(-luminance - 0.3, 0)
    )
    beyond = np.maximum.reduce(
        [-luminance / tolerance[..., 0], luminance / tolerance[..., 1], hue / tolerance[..., 2]]
    )
    return np.clip((1.25 - beyond) / 0.35, 0, 1)
