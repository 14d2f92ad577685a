"""Where people who label pictures put landmarks: iBUG-68 and WFLW-98 on our mesh.

ICT-FaceKit's 68 landmarks have the brows on the forehead, the bridge of the nose too high and the contour on
the cheek in front of it. Here they lie where labels do. Eyes stay on the lids' margins.

Each place is one of the mean head's left half or middle, in millimetres; the nearest vertex of the skin there
is taken and mirrored. They were found on 800 labelled video frames (`translate.csv` of YTF-68, which is not
measured on): the vertices with the least mean distance from a label, left and right together, told from the
points of both networks (`mien.heads.landmark_conversion`). Labels were moved by what the eyes are off, 1.2 px
across and 0.5 down: that data set seems to count pixels from 1. Looked at on portraits.
"""

from __future__ import annotations

import numpy as np

IBUG_PLACES_MM: dict[int, tuple[float, float, float]] = {
    # contour, from the chin to the ear
    8: (0, -80, 97), 9: (22, -76, 91), 10: (39, -68, 74), 11: (52, -60, 58), 12: (61, -47, 53),
    13: (67, -28, 49), 14: (71, -8, 39), 15: (74, 8, 38), 16: (77, 28, 24),
    # brow, from its inner end
    22: (18, 55, 107), 23: (28, 56, 104), 24: (37, 55, 100), 25: (49, 54, 93), 26: (59, 49, 77),
    # bridge of the nose, evenly spaced down to its tip, and below it
    27: (0, 31, 111), 28: (0, 21, 119), 29: (0, 8, 129), 30: (0, -2, 131),
    33: (0, -13, 116), 34: (5, -11, 115), 35: (12, -10, 109),
    # lips: outer edges, then inner ones
    51: (0, -28, 118), 52: (5, -27, 118), 53: (17, -32, 111), 54: (24, -36, 102),
    55: (16, -44, 110), 56: (8, -46, 112), 57: (0, -44, 115),
    62: (0, -33, 113), 63: (7, -33, 111), 64: (23, -36, 103), 65: (8, -36, 114), 66: (0, -36, 115),
}  # fmt: skip
"""iBUG landmark → place, where it is not ICT-FaceKit's."""

WFLW_PLACES_MM: dict[int, tuple[float, float, float]] = {
    **{2 * landmark: IBUG_PLACES_MM[landmark] for landmark in range(8, 17)},
    17: (11, -79, 95), 19: (29, -72, 86), 21: (45, -65, 65), 23: (55, -50, 67),
    25: (63, -38, 55), 27: (69, -15, 48), 29: (73, 3, 39), 31: (75, 19, 29),
    # Upper edge of the brow from its inner end, which iBUG's five are, then the lower one back: no labels
    # were there to find it by, it lies 9 mm lower as on drawn brows.
    **{20 + landmark: IBUG_PLACES_MM[landmark] for landmark in range(22, 27)},
    47: (52, 41, 87), 48: (41, 45, 95), 49: (30, 46, 98), 50: (16, 48, 103),
    **{24 + landmark: IBUG_PLACES_MM[landmark] for landmark in (27, 28, 29, 30, 33, 34, 35)},
    **{28 + landmark: place for landmark, place in IBUG_PLACES_MM.items() if landmark >= 48},
}  # fmt: skip
"""WFLW landmark → place; the eyes have points of their own."""


def moved(
    vertices: np.ndarray,
    places_mm: dict[int, tuple[float, float, float]],
    *,
    own_mirror: np.ndarray,
    among: np.ndarray,
    mean_m: np.ndarray,
    mirror: np.ndarray,
) -> np.ndarray:
    """A set's vertices with some landmarks, and their partners, at other places.

    Args:
        vertices: (L,) the set; own_mirror: (L,) partners within it.
        places_mm: landmark of the left half or the middle → place.
        among: vertices that may be taken.
        mean_m: (V, 3) the mean head; mirror: (V,) each vertex's partner.
    """
    result = vertices.copy()
    for landmark, place in places_mm.items():
        in_middle = mirror[among] == among
        candidates = among[in_middle if own_mirror[landmark] == landmark else ~in_middle]
        distance_m = np.linalg.norm(mean_m[candidates] - np.array(place) / 1000, axis=1)
        vertex = candidates[distance_m.argmin()]
        result[landmark], result[own_mirror[landmark]] = vertex, mirror[vertex]
    return result
