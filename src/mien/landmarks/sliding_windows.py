"""Face search without a search network: the landmark network itself on windows of every size.

Windows slide over the picture at several scales; those of least uncertainty are kept, and of several for
one face the best (Wood et al. 2022, §3.1, for offline use). A large picture takes thousands of network runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from mien.landmarks.candidates import Candidate, suppress
from mien.landmarks.predictor import LandmarkPredictor
from mien.landmarks.region import Region, region_from_points


@dataclass(frozen=True)
class WindowConfig:
    """Which windows are tried.

    The landmark network still works with a face a tenth of the side off-centre and a quarter too large or too
    small, so neighbours may lie that far apart.
    """

    stride: float = 0.22
    """Distance between neighbouring windows over their side."""
    factor: float = 1.5
    """Side of a window over that of the next smaller kind."""
    min_side_px: float = 48.0
    """Side of the smallest windows, pixels."""
    min_share: float = 0.12
    """No window is smaller than this share of the picture's shorter side."""
    max_share: float = 1.3
    """Side of the largest windows over the picture's shorter side."""
    rolls_rad: tuple[float, ...] = (0.0,)
    """Directions that are tried."""
    min_presence: float = 0.5
    """Probability of a face that a window must reach."""
    max_relative_sigma: float = 0.06
    """Median σ over the window's side that it may have."""


class SlidingWindows:
    """Candidates from the landmark network alone, by their uncertainty."""

    def __init__(self, predictor: LandmarkPredictor, config: WindowConfig | None = None) -> None:
        self.predictor = predictor
        self.config = config or WindowConfig()

    def __call__(self, image: UInt8[np.ndarray, "height width 3"]) -> list[Candidate]:
        """Regions of the picture that may hold a face, least uncertain first, one per face.

        A candidate's score is the probability of a face times how far its σ stays below the limit, so that it
        falls to 0 where the network does not know.
        """
        config, found = self.config, []
        for window in windows(image.shape[1], image.shape[0], config):
            face = self.predictor.glance(image, window)
            relative_sigma = float(np.median(face.sigma_px)) / window.side_px
            if face.score < config.min_presence or relative_sigma > config.max_relative_sigma:
                continue
            region = region_from_points(face.points_px, face.set_name)
            found.append(Candidate(region, face.score * (1 - relative_sigma / config.max_relative_sigma)))
        return suppress(found)


def windows(width_px: int, height_px: int, config: WindowConfig) -> Iterator[Region]:
    """All windows of a picture, largest first; their centres lie in the picture."""
    shorter_px = min(width_px, height_px)
    min_px = max(config.min_side_px, config.min_share * shorter_px)
    side_px = config.max_share * shorter_px
    while side_px >= min_px or side_px == config.max_share * shorter_px:
        step_px = config.stride * side_px
        columns, rows = (max(1, round(length / step_px)) for length in (width_px, height_px))
        for row in range(rows):
            for column in range(columns):
                center_px = np.array([(column + 0.5) * width_px / columns, (row + 0.5) * height_px / rows])
                for roll_rad in config.rolls_rad:
                    yield Region(center_px - 0.5, side_px, roll_rad)
        side_px /= config.factor
