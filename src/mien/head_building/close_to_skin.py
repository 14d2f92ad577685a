"""What lies just below the skin follows it: the mouth's lining, and teeth in how far forward they stand.

Sources tell of the inside of the mouth less surely than of the skin, and a few millimetres decide whether
a gum shows through a chin. Following is linear in the skin, so it holds for every identity and every mixture
of shapes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mien.geometry.closest_points import closest_on_surface
from mien.head_building.makehuman import triangulated
from mien.head_building.quad_skin import SKIN, QuadSkin

_LIP_RINGS = 9
"""Rings of the lips, which open: nothing inside hangs on them but by the mouth's rim."""
_REACH_M = 0.07
"""Of the skin around the mouth."""


@dataclass(frozen=True)
class CloseToSkin:
    """Points each beside a place of the skin.

    Attributes:
        triangles, weights: (N, 3) the place.
        closeness: (N,) from 0, far below the skin, to 1.
    """

    triangles: np.ndarray
    weights: np.ndarray
    closeness: np.ndarray

    def skin_at(self, skin_m: np.ndarray) -> np.ndarray:
        """(N, 3) the places on a skin, or their displacements for the skin's."""
        return np.einsum("nk,nkc->nc", self.weights, skin_m[self.triangles])

    def mixed(self, own_m: np.ndarray, skin_m: np.ndarray) -> np.ndarray:
        """(N, 3) of the points' own displacements (N, 3) and the skin's (S, 3), the closer the more of it."""
        return own_m + self.closeness[:, None] * (self.skin_at(skin_m) - own_m)

    @staticmethod
    def of(
        points_m: np.ndarray, skin: QuadSkin, skin_m: np.ndarray, *, near_m: float, far_m: float
    ) -> CloseToSkin:
        """Points (N, 3) under a skin (S, 3): wholly its at `near_m`, not at all at `far_m`."""
        lips = np.zeros(len(skin_m), bool)
        lips[np.concatenate(skin.lip_rings[:_LIP_RINGS])] = True
        middle_m = skin_m[skin.lip_rings[0]].mean(axis=0)
        outside = (skin.quad_labels == SKIN) & ~lips[skin.quads].any(axis=1)
        outside &= np.linalg.norm(skin_m[skin.quads].mean(axis=1) - middle_m, axis=1) < _REACH_M
        triangles = triangulated(skin.quads[outside])
        found = closest_on_surface(points_m, skin_m, triangles)
        share = np.clip((far_m - found.distances_m) / (far_m - near_m), 0, 1)
        return CloseToSkin(triangles[found.triangles], found.barycentric, share * share * (3 - 2 * share))
