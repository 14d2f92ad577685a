"""Lips that touch at rest: the contact line's two sides brought together, the lips around it following.

Which places of the two lines belong together is told once, on the skin at rest: so what brings lips together
is linear, keeps left and right alike, and lips that touch in several shapes touch in all mixtures of these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.head_building.feature_curves import LIP_CONTACT
from mien.head_building.quad_skin import MOUTH_INTERIOR, SKIN, QuadSkin
from mien.head_building.smooth_field import SmoothField

REACH_M = 0.011


@dataclass(frozen=True)
class Lips:
    """Both lips along the line where they touch.

    Attributes:
        upper, lower: (N,), (M,) vertices of the contact line from the left corner to the right one, corners
            in both.
        upper_shares, lower_shares: (N,), (M,) place of each along the mouth's width at rest, 0 at the left
            corner and 1 at the right one.
        field: spreads displacements of these vertices, upper then lower ones without the corners.
    """

    upper: np.ndarray
    lower: np.ndarray
    upper_shares: np.ndarray
    lower_shares: np.ndarray
    field: SmoothField

    def gap_m(self, vertices_m: np.ndarray) -> np.ndarray:
        """(21,) from the lower up to the upper lip at even shares of the mouth's width, metres; negative
        where they pass through each other."""
        grid = np.linspace(0, 1, 21)
        upper = _at(vertices_m[self.upper], self.upper_shares, grid)
        return (upper - _at(vertices_m[self.lower], self.lower_shares, grid))[:, 1]

    def together(self, vertices_m: np.ndarray) -> np.ndarray:
        """(V, 3) with upper and lower lip on one line halfway between them."""
        upper_m, lower_m = self._ways(vertices_m)
        return self.field.add_to(vertices_m, np.concatenate([upper_m[1:-1], lower_m[1:-1]]))

    def apart(self, vertices_m: np.ndarray) -> np.ndarray:
        """(V, 3) where the lips do not pass through each other: where they would they touch."""
        upper_m, lower_m = self._ways(vertices_m)
        upper_m[upper_m[:, 1] < 0] = 0
        lower_m[lower_m[:, 1] > 0] = 0
        return self.field.add_to(vertices_m, np.concatenate([upper_m[1:-1], lower_m[1:-1]]))

    def _ways(self, vertices_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(N, 3), (M, 3) each vertex's way to the line halfway between both, with the lower lip's corners:
        that has fewer, and so both lips end on one and the same line."""
        upper, lower = vertices_m[self.upper], vertices_m[self.lower]
        middle = (_at(upper, self.upper_shares, self.lower_shares) + lower) / 2
        return _at(middle, self.lower_shares, self.upper_shares) - upper, middle - lower


def build_lips(skin: QuadSkin, on_ict_m: np.ndarray) -> Lips:
    """The lips of a skin that lies on the ICT neutral, (V, 3) metres."""
    ring = skin.lip_rings[LIP_CONTACT]
    at = skin.vertices[ring]
    left, right = int(at[:, 0].argmax()), int(at[:, 0].argmin())
    halves = []
    for step in (1, -1):
        places = [left]
        while places[-1] != right:
            places.append((places[-1] + step) % len(ring))
        halves.append(ring[places])
    upper, lower = sorted(halves, key=lambda half: -skin.vertices[half, 1].mean())
    given = np.concatenate([upper[1:-1], lower[1:-1]])
    allowed = (skin.labels == SKIN) | (skin.labels > MOUTH_INTERIOR)
    allowed |= skin.labels == MOUTH_INTERIOR
    allowed[[ring[left], ring[right]]] = False
    field = SmoothField(skin.quads, on_ict_m, given, allowed=allowed, reach_m=REACH_M)
    return Lips(upper, lower, _shares(on_ict_m[upper]), _shares(on_ict_m[lower]), field)


def _shares(points: np.ndarray) -> np.ndarray:
    """Place of each point along the mouth's width, 0 at the left corner and 1 at the right one."""
    shares = (points[0, 0] - points[:, 0]) / (points[0, 0] - points[-1, 0])
    assert (np.diff(shares) > 0).all(), "at rest the lips run from left to right"
    return shares


def _at(points: np.ndarray, shares: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    return np.stack([np.interp(wanted, shares, column) for column in points.T], axis=1)
