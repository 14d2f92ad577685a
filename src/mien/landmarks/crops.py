"""Several looks at one region, combined: what one crop shows badly another may show well."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Crop:
    """How a region is shown to the landmark network.

    Attributes:
        scale: side of the crop over the region's.
        mirrored: whether the crop is shown left for right.
    """

    scale: float = 1.0
    mirrored: bool = False


def combine(
    points_px: Float[np.ndarray, "looks landmarks 2"], sigma_px: Float[np.ndarray, "looks landmarks"]
) -> tuple[Float[np.ndarray, "landmarks 2"], Float[np.ndarray, " landmarks"]]:
    """The mean of all looks' points, weighted by 1/σ², and its standard deviation, pixels.

    One network's errors in two crops of one picture have much in common, so σ does not shrink with the number
    of looks: it is that of a typical look, 1/σ² being their mean, unless the looks disagree by more.
    """
    weights = 1 / sigma_px**2
    shares = weights / weights.sum(axis=0)
    mean_px = (shares[..., None] * points_px).sum(axis=0)
    # per axis, as σ is circular
    spread_px2 = (shares * ((points_px - mean_px) ** 2).sum(axis=2)).sum(axis=0) / 2
    return mean_px, np.sqrt(np.maximum(1 / weights.mean(axis=0), spread_px2))
