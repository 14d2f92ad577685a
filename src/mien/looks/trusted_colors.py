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
    def of(regions: FaceRegions) -> Tolerance:
        """Narrow on plain skin, wide where brows, beard and shadows belong."""
        dark_places = np.clip(regions.brows + regions.eyes + regions.nostrils, 0, 1)
        lips = regions.lips
        beard = regions.beard
        aside = np.clip(1 - regions.face - beard, 0, 1)  # where collars and long hair lie over the skin
        return Tolerance(
            darker=0.75 - 0.2 * aside + 1.9 * np.maximum.reduce([dark_places, 0.9 * beard, 0.5 * lips]),
            brighter=0.65 - 0.2 * aside + 0.35 * beard - 0.15 * lips,
            hue=0.26 + 0.35 * np.maximum.reduce([dark_places, lips, 0.7 * beard]),
        )

    def suited_to(
        self,
        difference: Float[np.ndarray, "vertices 3"],
        weights: Float[np.ndarray, " vertices"],
    ) -> Tolerance:
        """Wider for a picture whose colours lie far from what is expected nearly everywhere: a bad one.

        Args:
            difference: as for `trust`, at the vertices.
            weights: (V,) how well each is seen.
        """
        if not weights.sum() > 0:
            return self
        beyond = _beyond(difference, self.stacked())
        order = np.argsort(beyond)
        share = np.cumsum(weights[order]) / weights.sum()
        typical = float(beyond[order[np.searchsorted(share, 0.6)]])
        scale = float(np.clip(typical / 0.5, 1.0, 2.5))
        return Tolerance(scale * self.darker, scale * self.brighter, scale * self.hue)

    def stacked(self) -> Float[np.ndarray, "vertices 3"]:
        """(V, 3) darker, brighter, hue."""
        return np.stack([self.darker, self.brighter, self.hue], axis=1)


HAIR_TOLERANCE = np.array([1.3, 1.1, 0.40])
"""The same of hair from its mean colour, strands and shine."""


def trust(
    difference: Float[np.ndarray, "*n 3"], tolerance: Float[np.ndarray, "*m 3"]
) -> Float[np.ndarray, "*n"]:
    """Share to which colours are believed, 0 to 1.

    Args:
        difference: logarithm of the colour without light, less that of what the albedo model expects.
        tolerance: as `Tolerance.stacked`, of each or the same for all.
    """
    return np.clip((1.25 - _beyond(difference, tolerance)) / 0.35, 0, 1)


def _beyond(difference: np.ndarray, tolerance: np.ndarray) -> np.ndarray:
    """How far colours lie from what is expected, in tolerances."""
    luminance = difference @ LUMINANCE.astype(difference.dtype)
    hue = np.abs(difference - luminance[..., None]).max(axis=-1) * np.exp(
        -0.5 * np.maximum(-luminance - 0.3, 0)
    )
    # A picture without colours may leave no tolerance at all: then nothing but the expected is believed.
    least = np.maximum(tolerance, 1e-6)
    return np.maximum.reduce([-luminance / least[..., 0], luminance / least[..., 1], hue / least[..., 2]])
