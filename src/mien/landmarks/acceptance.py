"""Is this a face? What the landmark network's own doubt says about a region."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np

from mien.landmarks.region import Region
from mien.landmarks.types import Landmarks2D

EVIDENCE_PER_SIGMA = 60.0
"""Log odds that a relative σ of 1 takes away; faces have 0.01 to 0.04, other things 0.04 to 0.1."""


def _log_odds(probability: float) -> float:
    clipped = min(max(probability, 1e-4), 1 - 1e-4)
    return log(clipped / (1 - clipped))


@dataclass(frozen=True)
class Acceptance:
    """Limits beyond which predicted landmarks are not taken for a face's."""

    min_presence: float = 0.5
    """Probability that the region holds a well-framed face."""
    max_relative_sigma: float = 0.05
    """Median standard deviation of the points over the region's side."""
    max_shift: float = 0.3
    """Distance from the region that was looked at to the one that the points ask for, over its side."""
    max_zoom: float = 1.6
    """Ratio of these two regions' sides, larger over smaller."""
    max_turn_rad: float = 0.7
    """Angle between these two regions."""
    min_evidence: float = 4.5
    """For faces found by searching: least `evidence` of search, presence and σ together."""

    def evidence(self, landmarks: Landmarks2D, *, seen: Region, search_score: float) -> float:
        """How much speaks for a face, all in all, as log odds: what the search network says, what the
        landmark network says, and how sure of its points that one is.

        Each of the three is fooled by other textures, so their sum separates better than any limit on one.
        """
        relative_sigma = landmarks.typical_sigma_px / seen.side_px
        return _log_odds(search_score) + _log_odds(landmarks.score) - EVIDENCE_PER_SIGMA * relative_sigma

    def accepts(self, landmarks: Landmarks2D, *, seen: Region, wanted: Region) -> bool:
        """Whether landmarks predicted in the region `seen` are a face's, given the region they ask for."""
        return (
            landmarks.score >= self.min_presence
            and landmarks.typical_sigma_px <= self.max_relative_sigma * seen.side_px
            and self.agrees(seen, wanted)
        )

    def agrees(self, one: Region, other: Region) -> bool:
        """Whether two regions frame the same face about as well."""
        shift = float(np.linalg.norm(one.center_px - other.center_px)) / one.side_px
        zoom = abs(log(other.side_px / one.side_px))
        turn = abs((other.roll_rad - one.roll_rad + np.pi) % (2 * np.pi) - np.pi)
        return shift <= self.max_shift and zoom <= log(self.max_zoom) and turn <= self.max_turn_rad
