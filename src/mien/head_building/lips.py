"""Lips that touch at rest: the contact line's two sides brought together, the lips around it following."""

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
        field: spreads displacements of these vertices, upper then lower ones without the corners.
    """

    upper: np.ndarray
    lower: np.ndarray
    field: SmoothField

    def gap_m(self, vertices_m: np.ndarray) -> np.ndarray:
        """(21,) from the lower up to the upper lip at even shares of the mouth's width, metres; negative
        where they pass through each other."""
        grid = np.linspace(0, 1, 21)
        upper, lower = vertices_m[self.upper], vertices_m[self.lower]
        return (_at(upper, grid) - _at(lower, grid))[:, 1]

    def together(self, vertices_m: np.ndarray) -> np.ndarray:
        """(V, 3) with upper and lower lip on one line halfway between them."""
        upper, lower = vertices_m[self.upper], vertices_m[self.lower]
        to_upper = (_at(lower, _shares(upper)) - upper) / 2
        to_lower = (_at(upper, _shares(lower)) - lower) / 2
        return self.field.add_to(vertices_m, np.concatenate([to_upper[1:-1], to_lower[1:-1]]))

    def apart(self, vertices_m: np.ndarray) -> np.ndarray:
        """(V, 3) where the lips do not pass through each other: where they would they touch."""
        upper, lower = vertices_m[self.upper], vertices_m[self.lower]
        to_upper = (_at(lower, _shares(upper)) - upper) / 2
        to_lower = (_at(upper, _shares(lower)) - lower) / 2
        to_upper[to_upper[:, 1] < 0] = 0
        to_lower[to_lower[:, 1] > 0] = 0
        return self.field.add_to(vertices_m, np.concatenate([to_upper[1:-1], to_lower[1:-1]]))


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
    field = SmoothField(skin.triangles, on_ict_m, given, allowed=allowed, reach_m=REACH_M)
    return Lips(upper, lower, field)


def _shares(points: np.ndarray) -> np.ndarray:
    """Place of each point along the mouth's width, 0 at the left corner and 1 at the right one."""
    steps = np.concatenate([[0], np.cumsum(np.maximum(points[:-1, 0] - points[1:, 0], 1e-7))])
    return steps / steps[-1]


def _at(points: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    shares = _shares(points)
    return np.stack([np.interp(wanted, shares, points[:, axis]) for axis in range(3)], axis=1)
