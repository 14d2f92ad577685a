"""Dense probabilistic 2D landmarks: every point is a circular Gaussian in the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

if TYPE_CHECKING:
    from mien.landmarks.region import Region

_FARTHEST_PX = 1e7
"""No picture is so large: a point beyond is a mistake."""


@dataclass(frozen=True, eq=False)
class Landmarks2D:
    """One face's landmarks in one picture.

    Attributes:
        points_px: (L, 2) expected positions; pixel (0, 0) is the centre of the top-left pixel. Points may
            lie outside the picture or be hidden. NaN: not known.
        sigma_px: (L,) standard deviation of each point, pixels of the same picture (Wood et al. 2022, eq. 1);
            infinite (or NaN): nothing is known of the point.
        set_name: landmark set, for example "dense320".
        score: confidence in [0, 1] that this is a face.
    """

    points_px: Float[np.ndarray, "landmarks 2"]
    sigma_px: Float[np.ndarray, " landmarks"]
    set_name: str
    score: float = 1.0

    def __len__(self) -> int:
        return len(self.points_px)

    @cached_property
    def known(self) -> Bool[np.ndarray, " landmarks"]:
        """(L,) False for points of which nothing is known: fits leave them out."""
        x, y = np.abs(self.points_px).T  # comparing NaN gives False
        return (x < _FARTHEST_PX) & (y < _FARTHEST_PX) & np.isfinite(self.sigma_px)

    @cached_property
    def radius_px(self) -> float:
        """RMS distance of the known points from their centre: the face's size in the picture, pixels."""
        points_px = np.asarray(self.points_px, float)
        if not self.known.all():
            points_px = points_px[self.known]
        if not len(points_px):
            return 0.0
        offsets_px = points_px - np.add.reduce(points_px) / len(points_px)
        return float(np.sqrt(np.vdot(offsets_px, offsets_px) / len(offsets_px)))

    @cached_property
    def typical_sigma_px(self) -> float:
        """The landmarks' median standard deviation, pixels."""
        ascending = np.sort(self.sigma_px)  # NaN comes last; np.median takes ten times as long
        middle = len(ascending) // 2
        if not middle or np.isnan(ascending[-1]):
            return float(np.median(self.sigma_px))
        return float(ascending[middle] + ascending[middle - 1 + len(ascending) % 2]) / 2

    @cached_property
    def region(self) -> Region:
        """The region that frames the face (`region_from_points`).

        Raises:
            InputError: a point is not finite.
        """
        from mien.landmarks.region import region_from_points

        return region_from_points(self.points_px, self.set_name)

    @property
    def box_px(self) -> tuple[float, float, float, float]:
        """Smallest box around all points that are anywhere: left, top, right, bottom; NaN without one."""
        finite = self.points_px[np.isfinite(self.points_px).all(axis=1)]
        if not len(finite):
            return float("nan"), float("nan"), float("nan"), float("nan")
        low, high = finite.min(axis=0), finite.max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    def to(self, set_name: str) -> Landmarks2D:
        """The same face in another set of the built-in head: points that both sets contain are picked, others
        are told from the points around them (`mien.heads.landmark_conversion`).

        Args:
            set_name: for example "ibug68", the usual 68 points.

        Raises:
            LandmarkSetError: this set has no points around one of the other's.
        """
        if set_name == self.set_name:
            return self
        from mien.heads.landmark_conversion import landmark_conversion

        conversion = landmark_conversion(self.set_name, set_name)
        return replace(
            self,
            points_px=conversion.points(self.points_px),
            sigma_px=conversion.deviations(self.sigma_px),
            set_name=set_name,
        )
