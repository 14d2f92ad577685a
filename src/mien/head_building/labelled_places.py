"""Where people who label pictures put the jaw's contour and the brows: iBUG-68 and WFLW-98 on our mesh.

ICT-FaceKit's 68 landmarks have the brows on the forehead and the contour on the cheek in front of it. Here
they lie where labels do, as far as dense320 has a vertex there: what the networks predict are its points,
and the sparse sets are picked out of them. Noses, eyes and mouths stay: no other free vertex is nearer to
the labels.

Each place is one of the mean head's left half, in millimetres; the nearest vertex of dense320 is taken and
mirrored. They were found on 800 labelled video frames (`translate.csv` of YTF-68, which is not
measured on): the vertices of dense320 with the least mean distance from a label, left and right together,
predicted by both networks; none twice, and in order along each curve. Ties were decided by looking at
portraits.
"""

from __future__ import annotations

import numpy as np

IBUG_PLACES_MM: dict[int, tuple[float, float, float]] = {
    # Contour from the ear to the chin. Beside the ear and at the jaw's angle further back than ICT has it
    # (beside the ear by 17 mm). The labels are up to 8 % of the eyes' distance further out than anything of
    # dense320.
    16: (78, 30, 17), 15: (74, 14, 38), 14: (70, -7, 50), 13: (67, -28, 49), 12: (64, -43, 38),
    11: (51, -55, 68), 10: (38, -65, 81), 9: (23, -72, 97),
    # The chin (8) stays at its tip, 6 % above the labels like the points beside it. Below it (0, -83, 84)
    # would be as near on average, nearer from the front, but is off sideways by 8 % in turned heads, where
    # the tip is by 3 %.
    # Brows: dense320 has one row of vertices on the brow (54 mm) and one on the forehead (65 mm). The
    # labels' arch is 3 mm above the former, its inner end 4 mm below. Taken one place further out along the
    # row, the points would fit across no worse, but lie up to 5 % of the eyes' distance too low, and the
    # tail turn back.
    22: (13, 56, 107), 23: (18, 55, 107), 24: (33, 54, 101), 25: (45, 53, 96), 26: (58, 51, 81),
}  # fmt: skip
"""iBUG landmark → place, where it is not ICT-FaceKit's."""

WFLW_PLACES_MM: dict[int, tuple[float, float, float]] = {
    **{2 * landmark: place for landmark, place in IBUG_PLACES_MM.items() if landmark < 17},
    31: (75, 26, 38), 29: (73, 3, 39), 27: (69, -15, 48), 25: (63, -38, 55),
    23: (55, -50, 67), 21: (42, -66, 72), 19: (32, -69, 85), 17: (16, -75, 101),
    # Upper edge of the brow from its inner end, then the lower one back. Only the two rows are there for
    # nine points: the arch of the upper edge stays on the forehead, that of the lower one lies in the brow.
    42: (18, 55, 107), 43: (28, 65, 103), 44: (42, 65, 95), 45: (49, 61, 90), 46: (58, 51, 81),
    47: (56, 46, 84), 48: (45, 53, 96), 49: (33, 54, 101), 50: (22, 47, 100),
}  # fmt: skip
"""WFLW landmark → place; the others are iBUG's or the eyes' own."""


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
        places_mm: landmark of the left half → place.
        among: vertices that may be taken.
        mean_m: (V, 3) the mean head; mirror: (V,) each vertex's partner.
    """
    result = vertices.copy()
    for landmark, place in places_mm.items():
        distance_m = np.linalg.norm(mean_m[among] - np.array(place) / 1000, axis=1)
        vertex = among[distance_m.argmin()]
        result[landmark], result[own_mirror[landmark]] = vertex, mirror[vertex]
    return result
